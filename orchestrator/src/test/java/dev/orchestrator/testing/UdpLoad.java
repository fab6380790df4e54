package dev.orchestrator.testing;

import java.io.IOException;
import java.net.DatagramPacket;
import java.net.DatagramSocket;
import java.net.InetAddress;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;

/** A client of the greeter's udp port that sends the next question when it has the answer. */
public final class UdpLoad implements AutoCloseable {
  /** Longer than a hold. */
  private static final Duration LONGEST_ANSWER = Duration.ofSeconds(60);

  private final int port;
  private final CompletableFuture<Map<String, Integer>> ended = new CompletableFuture<>();
  private volatile boolean stopping;

  private UdpLoad(int port) {
    this.port = port;
  }

  public static UdpLoad start(int port) {
    UdpLoad load = new UdpLoad(port);
    Thread.ofVirtual()
        .start(() -> {
          try {
            load.ended.complete(load.ask());
          } catch (IOException | RuntimeException e) {
            load.ended.completeExceptionally(e);
          }
        });
    return load;
  }

  private Map<String, Integer> ask() throws IOException {
    Map<String, Integer> greetings = new LinkedHashMap<>();
    try (DatagramSocket socket = new DatagramSocket()) {
      socket.connect(InetAddress.getLoopbackAddress(), port);
      socket.setSoTimeout((int) LONGEST_ANSWER.toMillis());
      for (int i = 0; !stopping; i++) {
        byte[] question = ("question " + i).getBytes(StandardCharsets.UTF_8);
        socket.send(new DatagramPacket(question, question.length));
        DatagramPacket packet = new DatagramPacket(new byte[1500], 1500);
        socket.receive(packet);
        String[] answer =
            new String(packet.getData(), 0, packet.getLength(), StandardCharsets.UTF_8)
                .split("\n", -1);
        if (!answer[1].equals("question " + i)) {
          throw new IOException("question " + i + " is answered with " + answer[1]);
        }
        greetings.merge(answer[0], 1, Integer::sum);
      }
    }
    return greetings;
  }

  /** Stops asking; gives the number of answers by their greeting, in the order of the first. */
  public Map<String, Integer> stop() throws InterruptedException {
    stopping = true;
    try {
      return ended.get(LONGEST_ANSWER.toSeconds() + 5, TimeUnit.SECONDS);
    } catch (ExecutionException e) {
      throw new AssertionError("an answer was lost, or is wrong", e.getCause());
    } catch (TimeoutException e) {
      throw new AssertionError("the client does not end", e);
    }
  }

  @Override
  public void close() {
    stopping = true;
  }
}
