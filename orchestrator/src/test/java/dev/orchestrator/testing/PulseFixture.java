package dev.orchestrator.testing;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.io.IOException;
import java.net.DatagramPacket;
import java.net.DatagramSocket;
import java.net.SocketException;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;

/**
 * Hears the beats of a service that tells this process every few milliseconds that it runs, with a
 * name that is another one after each start: so a test knows whether two of them have ever run at
 * the same time. Thread-safe.
 */
public final class PulseFixture implements AutoCloseable {
  private final DatagramSocket socket;
  private final Thread listener = Thread.ofPlatform().name("pulse").unstarted(this::listen);

  /** The names in the order in which they were heard, without repetitions of the last. */
  private final List<String> heard = new ArrayList<>();

  public PulseFixture() throws SocketException {
    socket = new DatagramSocket(FreePorts.next());
    listener.start();
  }

  /** The service for a compose file, for an image that has Perl. */
  public String service(String image, String dependsOn) {
    return """
      pulse:
        image: %s
        entrypoint:
          - perl
          - -MIO::Socket::INET
          - -e
          - |
            $$SIG{TERM} = sub { exit 0 };
            my $$name = time . '-' . int(rand(1e9));
            my $$host = IO::Socket::INET->new(
              PeerAddr => 'host.docker.internal', PeerPort => %d, Proto => 'udp') or die $$!;
            while (1) {
              $$host->send($$name);
              select(undef, undef, undef, 0.03);
            }
        extra_hosts: ["host.docker.internal:host-gateway"]
        depends_on: {%s: {condition: service_healthy}}
        restart: unless-stopped
        stop_grace_period: 3s
    """
        .formatted(image, socket.getLocalPort(), dependsOn);
  }

  private void listen() {
    DatagramPacket beat = new DatagramPacket(new byte[100], 100);
    while (true) {
      try {
        socket.receive(beat);
      } catch (IOException e) {
        return; // closed
      }
      add(new String(beat.getData(), 0, beat.getLength(), UTF_8));
    }
  }

  private synchronized void add(String name) {
    if (heard.isEmpty() || !heard.getLast().equals(name)) {
      heard.add(name);
    }
  }

  /** How many starts of the service were heard of. */
  public synchronized int starts() {
    return Set.copyOf(heard).size();
  }

  /** Those that were heard again after another had begun: two ran at the same time. */
  public synchronized Set<String> overlapping() {
    Set<String> seen = new TreeSet<>();
    Set<String> again = new TreeSet<>();
    heard.stream().filter(name -> !seen.add(name)).forEach(again::add);
    return again;
  }

  @Override
  public void close() {
    socket.close();
  }
}
