package dev.orchestrator.adopt;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;

import dev.orchestrator.testing.FreePorts;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.Test;

/** What a port speaks. */
final class PortQuestionTest {
  /** Asks a server that does something with one connection. */
  private interface Server {
    void serve(Socket socket) throws IOException;
  }

  private static PortQuestion.Answer ask(Server server) throws IOException {
    InetAddress here = InetAddress.ofLiteral("127.0.0.1");
    try (ServerSocket listening = new ServerSocket(0, 1, here)) {
      CompletableFuture<Boolean> served = new CompletableFuture<>();
      Thread.ofVirtual()
          .start(() -> {
            try (Socket socket = listening.accept()) {
              server.serve(socket);
              served.complete(true);
            } catch (IOException e) {
              served.completeExceptionally(e);
            }
          });
      PortQuestion.Answer answer = PortQuestion.ask("127.0.0.1", listening.getLocalPort());
      served.join();
      return answer;
    }
  }

  private static Server answering(String text) {
    return socket -> {
      byte[] request = new byte[2000];
      int _ = socket.getInputStream().read(request);
      socket.getOutputStream().write(text.getBytes(StandardCharsets.UTF_8));
    };
  }

  @Test
  void anAnswerWithStatusAndTitleIsHttp() throws IOException {
    assertEquals(
        new PortQuestion.Answer(true, 200, "Shop & more"),
        ask(answering("HTTP/1.1 200 OK\r\n\r\n<html><TITLE lang=en>\n Shop & more </title>")));
  }

  @Test
  void aServiceThatGreetsIsSentNothing() throws IOException {
    StringBuilder read = new StringBuilder();
    PortQuestion.Answer answer =
        ask(socket -> {
          socket.getOutputStream().write("220 mail\r\n".getBytes(StandardCharsets.US_ASCII));
          read.append(socket.getInputStream().read());
        });
    assertEquals(PortQuestion.Answer.NOT_HTTP, answer);
    assertEquals("-1", read.toString());
  }

  @Test
  void plainRequestsToTlsAndOtherProtocolsAreNotHttp() throws IOException {
    assertEquals(
        PortQuestion.Answer.NOT_HTTP,
        ask(
            answering(
                "HTTP/1.0 400 Bad Request\r\n\r\n"
                    + "Client sent an HTTP request to an HTTPS server.")));
    assertEquals(PortQuestion.Answer.NOT_HTTP, ask(answering("-ERR unknown command\r\n")));
  }

  @Test
  void whereNobodyListensItIsClosed() throws IOException {
    int port = FreePorts.next();
    assertFalse(PortQuestion.ask("127.0.0.1", port).open());
  }
}
