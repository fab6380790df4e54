package dev.orchestrator.proxy.bench;

import java.io.IOException;
import java.nio.file.Path;
import java.util.List;

/** The upstream of all contenders: nginx with a small file, and with 1 GiB of zeros. */
final class BenchUpstream implements AutoCloseable {
  static final long BULK = 1L << 30;
  private final Process process;

  private BenchUpstream(Process process) {
    this.process = process;
  }

  static BenchUpstream start(ContenderSetup setup) throws IOException {
    try (var file = new java.io.RandomAccessFile(setup.folder().resolve("bulk").toFile(), "rw")) {
      file.setLength(BULK); // a sparse file
    }
    Path config =
        setup.write(
            "upstream.conf",
            """
            daemon off;
            user root;
            worker_processes 1;
            pid %1$s/upstream.pid;
            error_log %1$s/upstream-error.log;
            events { worker_connections %4$d; }
            http {
              access_log off;
              sendfile on;
              keepalive_requests 1000000000;
              keepalive_timeout 1h;
              client_header_timeout 1h;
              server {
                listen 127.0.0.1:%2$d backlog=4096;
                listen 127.0.0.1:%3$d backlog=4096;
                location / { return 200 "an answer of about a hundred bytes, such as a small API would give to its client all day\\n"; }
                location /bulk { root %1$s; }
              }
            }
            """
                .formatted(setup.folder(), setup.blue(), setup.green(), 2 * setup.connections()));
    BenchUpstream upstream =
        new BenchUpstream(setup.start("upstream.log", List.of("nginx", "-c", config.toString())));
    Ports.awaitListening(setup.blue());
    return upstream;
  }

  @Override
  public void close() {
    process.destroy();
    try {
      int _ = process.waitFor();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }
}
