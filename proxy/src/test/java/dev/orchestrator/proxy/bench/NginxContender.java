package dev.orchestrator.proxy.bench;

import dev.orchestrator.proxy.testing.FreePorts;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;

/** nginx, with its stream module. A switch is a reload. */
final class NginxContender extends Contender {
  private final ContenderSetup setup;

  private NginxContender(ContenderSetup setup, int tcp, int http, Process process) {
    super("nginx", tcp, http, process);
    this.setup = setup;
  }

  static NginxContender start(ContenderSetup setup) throws IOException {
    int tcp = FreePorts.next();
    int http = FreePorts.next();
    Path config = configure(setup, tcp, http, setup.blue());
    Process process = setup.start("nginx.log", List.of("nginx", "-c", config.toString()));
    return new NginxContender(setup, tcp, http, process);
  }

  private static Path configure(ContenderSetup setup, int tcp, int http, int upstream)
      throws IOException {
    return setup.write(
        "nginx.conf",
        """
        load_module /usr/lib/nginx/modules/ngx_stream_module.so;
        daemon off;
        worker_processes %1$d;
        pid %2$s/nginx.pid;
        error_log %2$s/nginx-error.log;
        events { worker_connections %3$d; }
        stream {
          upstream u { server 127.0.0.1:%6$d; }
          server { listen 127.0.0.1:%4$d backlog=4096; proxy_pass u; proxy_timeout 1h; }
          server { listen 127.0.0.1:%4$d udp rcvbuf=4m sndbuf=4m; proxy_pass u; proxy_timeout 30s; }
        }
        http {
          access_log off;
          keepalive_requests 1000000000;
          proxy_temp_path %2$s/nginx-temp;
          client_body_temp_path %2$s/nginx-body;
          upstream u { server 127.0.0.1:%6$d; keepalive 256; keepalive_requests 1000000000; }
          server {
            listen 127.0.0.1:%5$d backlog=4096;
            location / {
              proxy_pass http://u;
              proxy_http_version 1.1;
              proxy_set_header Connection "";
              proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;
            }
          }
        }
        """
            .formatted(
                setup.threads(),
                setup.folder(),
                2 * setup.connections() + 600,
                tcp,
                http,
                upstream));
  }

  @Override
  void switchTo(String backend) throws IOException {
    Path _ = configure(setup, tcp, http, backend.equals("blue") ? setup.blue() : setup.green());
    Process reload =
        new ProcessBuilder("kill", "-HUP", Long.toString(process.pid())).inheritIO().start();
    try {
      int _ = reload.waitFor();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IOException(e);
    }
  }
}
