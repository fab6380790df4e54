package dev.orchestrator.proxy.testing;

import java.io.IOException;
import java.net.InetAddress;
import java.net.Socket;
import java.util.ArrayList;
import java.util.List;

/**
 * The main class of many clients in a process of their own, as one process has not enough file
 * descriptors for both ends: PORT COUNT. Each says "hi", ends its stream, and must read "hi" back.
 */
public final class HeldClientsMain {
  private HeldClientsMain() {}

  public static void main(String[] args) throws IOException {
    List<Socket> clients = new ArrayList<>();
    int count = Integer.parseInt(args[1]);
    for (int i = 0; i < count; i++) {
      Socket client = new Socket(InetAddress.getLoopbackAddress(), Integer.parseInt(args[0]));
      client.getOutputStream().write("hi".getBytes(java.nio.charset.StandardCharsets.US_ASCII));
      client.shutdownOutput();
      clients.add(client);
    }
    System.out.println("connected");
    int served = 0;
    for (Socket client : clients) {
      byte[] answer = client.getInputStream().readAllBytes();
      served += answer.length == 2 && answer[0] == 'h' && answer[1] == 'i' ? 1 : 0;
      client.close();
    }
    System.out.println("served " + served);
  }
}
