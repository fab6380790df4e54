package dev.orchestrator.testing;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.PrintStream;
import java.net.DatagramPacket;
import java.net.DatagramSocket;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicBoolean;

/**
 * A client of the light stack on another host, run as a program of its own in that host's network:
 * posts numbers to the ledger without pause, each on a connection of its own, and asks the greeter
 * by datagrams. It prints a line for what happens, and does what it reads:
 *
 * <ul>
 *   <li>{@code open}: connects twice, and sends half of a request on each
 *   <li>{@code finish}: sends the other half; prints {@code finished N}, the requests that were
 *       answered
 *   <li>{@code stop}: ends, after {@code acknowledged N}
 * </ul>
 */
public final class FarClient {
  private static final int PATIENCE_MS = 60_000;
  private static final int ANSWER_MS = 1000;

  private final String host;
  private final int web;
  private final int udp;
  private final PrintStream out = System.out;
  private final AtomicBoolean stop = new AtomicBoolean();
  private final List<Socket> open = new ArrayList<>();
  private int acknowledged;

  private FarClient(String host, int web, int udp) {
    this.host = host;
    this.web = web;
    this.udp = udp;
  }

  /** Arguments: the address of the stack's host, the ledger's port, the greeter's. */
  public static void main(String[] args) throws Exception {
    FarClient client = new FarClient(args[0], Integer.parseInt(args[1]), Integer.parseInt(args[2]));
    Thread writer = Thread.ofPlatform().start(client::write);
    Thread asker = Thread.ofPlatform().daemon().start(client::ask);
    BufferedReader commands =
        new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
    for (String line = commands.readLine(); line != null; line = commands.readLine()) {
      switch (line) {
        case "open" -> client.open();
        case "finish" -> client.finish();
        default -> {
          client.stop.set(true);
          writer.join();
          asker.join(PATIENCE_MS);
          client.print("acknowledged " + client.acknowledged);
          return;
        }
      }
    }
  }

  private synchronized void print(String line) {
    out.println(line);
    out.flush();
  }

  private Socket connect() throws IOException {
    Socket socket = new Socket();
    socket.setSoTimeout(PATIENCE_MS);
    socket.connect(new InetSocketAddress(host, web), PATIENCE_MS);
    return socket;
  }

  private static void send(Socket socket, String text) throws IOException {
    socket.getOutputStream().write(text.getBytes(StandardCharsets.US_ASCII));
  }

  private static String head(int length) {
    return "POST /lines HTTP/1.1\r\nContent-Length: " + length + "\r\n\r\n";
  }

  private static boolean isWritten(Socket socket) throws IOException {
    String answer = new String(socket.getInputStream().readAllBytes(), StandardCharsets.US_ASCII);
    return answer.startsWith("HTTP/1.1 200 ") && answer.endsWith("written\n");
  }

  private void write() {
    for (int number = 1; !stop.get(); number++) {
      String body = Integer.toString(number);
      try (Socket socket = connect()) {
        send(socket, head(body.length()) + body);
        if (isWritten(socket)) {
          acknowledged++;
          print("written " + number);
        } else {
          print("failed " + number + ": not acknowledged");
        }
      } catch (IOException e) {
        print("failed " + number + ": " + e);
      }
    }
  }

  /** From the same port all the time, as a connection that lives long. */
  private void ask() {
    try (DatagramSocket socket = new DatagramSocket()) {
      socket.setSoTimeout(ANSWER_MS);
      socket.connect(new InetSocketAddress(host, udp));
      byte[] question = {'?'};
      byte[] answer = new byte[100];
      while (!stop.get()) {
        DatagramPacket received = new DatagramPacket(answer, answer.length);
        try {
          socket.send(new DatagramPacket(question, 1));
          socket.receive(received);
          print(
              "told "
                  + new String(answer, 0, received.getLength(), StandardCharsets.US_ASCII)
                      .replace('\n', ' '));
        } catch (IOException e) {
          print("untold: " + e); // As a network may lose a datagram: it asks again.
        }
        Thread.sleep(20);
      }
    } catch (IOException e) {
      print("failed to ask: " + e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  private void open() throws IOException {
    for (int i = 0; i < 2; i++) {
      Socket socket = connect();
      send(socket, head(1));
      open.add(socket);
    }
    print("opened");
  }

  private void finish() {
    int finished = 0;
    for (Socket socket : open) {
      try (socket) {
        send(socket, "0");
        finished += isWritten(socket) ? 1 : 0;
      } catch (IOException e) {
        print("failed on an open connection: " + e);
      }
    }
    open.clear();
    print("finished " + finished);
  }
}
