package dev.orchestrator.demo;

import java.io.IOException;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;

/**
 * Inserts rows into the light stack's SQLite database, each by an HTTP request on a connection of
 * its own. Clients are told apart by the range of their numbers.
 */
final class LedgerLoad extends NumberedLoad {
  private static final long RANGE = 1_000_000;

  private final String address;
  private final long first;

  LedgerLoad(int port, int client) {
    super("ledger-" + client);
    address = "http://127.0.0.1:" + port + "/rows";
    first = client * RANGE;
  }

  @Override
  void write(long number) throws IOException {
    HttpRequests.Answer answer =
        HttpRequests.post(address, Map.of(), Long.toString(first + number));
    if (answer.status() != 200 || !answer.body().equals("written\n")) {
      throw new IOException("answered " + answer.status() + " " + answer.body().strip());
    }
  }

  @Override
  Set<Long> found() throws IOException {
    HttpRequests.Answer answer = HttpRequests.get(address, Map.of());
    if (answer.status() != 200) {
      throw new IOException("answered " + answer.status() + " " + answer.body().strip());
    }
    Set<Long> found = new TreeSet<>();
    answer
        .body()
        .lines()
        .map(line -> Long.parseLong(line.strip()) - first)
        .filter(number -> number > 0 && number < RANGE)
        .forEach(found::add);
    return found;
  }
}
