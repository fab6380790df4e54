package dev.orchestrator.journal;

import com.fasterxml.jackson.core.type.TypeReference;
import dev.orchestrator.common.Json;
import java.util.ArrayList;
import java.util.List;

/**
 * Keeps with an upgrade what its receipt says beside the steps. Each call is durable when it
 * returns; a restart goes on where the last one was. One thread at a time.
 */
public final class ReceiptWriter {

  static final String TRAFFIC = "traffic";
  static final String COPIES = "copies";
  static final String IMAGE = "image";
  static final String NOTES = "notes";

  static final TypeReference<List<Receipt.CopyPass>> COPY_LIST = new TypeReference<>() {};
  static final TypeReference<List<String>> NOTE_LIST = new TypeReference<>() {};

  private final Journal journal;
  private final String upgrade;

  public ReceiptWriter(Journal journal, String upgradeId) {
    this.journal = journal;
    this.upgrade = upgradeId;
  }

  /** In place of what was said of it before. */
  public void traffic(Receipt.Traffic traffic) {
    journal.attach(upgrade, TRAFFIC, Json.write(traffic));
  }

  /** In place of what was said of it before. */
  public void image(Receipt.Image image) {
    journal.attach(upgrade, IMAGE, Json.write(image));
  }

  /** One more pass. */
  public void copy(Receipt.CopyPass pass) {
    List<Receipt.CopyPass> passes =
        new ArrayList<>(
            journal
                .attachment(upgrade, COPIES)
                .map(json -> Json.read(json, COPY_LIST))
                .orElse(List.of()));
    passes.add(pass);
    journal.attach(upgrade, COPIES, Json.write(passes));
  }

  /** One more line for a person; the same line is kept once. */
  public void note(String line) {
    List<String> notes =
        new ArrayList<>(
            journal
                .attachment(upgrade, NOTES)
                .map(json -> Json.read(json, NOTE_LIST))
                .orElse(List.of()));
    if (!notes.contains(line)) {
      notes.add(line);
      journal.attach(upgrade, NOTES, Json.write(notes));
    }
  }
}
