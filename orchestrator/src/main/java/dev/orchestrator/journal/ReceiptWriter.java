package dev.orchestrator.journal;

import com.fasterxml.jackson.core.type.TypeReference;
import dev.orchestrator.common.Json;
import java.util.ArrayList;
import java.util.List;

/**
 * Adds to the receipt of a run what is not in its steps. Each call is durable when it returns, and
 * adds to what was written before a restart. One thread at a time.
 */
public final class ReceiptWriter {

  static final String TRAFFIC = "traffic";
  static final String COPIES = "copies";
  static final String IMAGE = "image";
  static final String NOTES = "notes";
  static final String HOLD = "hold";

  /** Key in the journal, with the run: what was found of the stack's invariants. */
  public static final String INVARIANTS = "invariants";

  static final TypeReference<List<InvariantRecord>> INVARIANT_LIST = new TypeReference<>() {};
  static final TypeReference<List<Receipt.CopyPass>> COPY_LIST = new TypeReference<>() {};
  static final TypeReference<List<String>> NOTE_LIST = new TypeReference<>() {};

  private final Journal journal;
  private final String upgrade;

  public ReceiptWriter(Journal journal, String upgradeId) {
    this.journal = journal;
    this.upgrade = upgradeId;
  }

  /** Sets what clients saw; replaces what was set before. */
  public void traffic(Receipt.Traffic traffic) {
    journal.attach(upgrade, TRAFFIC, Json.write(traffic));
  }

  /** Sets the image; replaces what was set before. */
  public void image(Receipt.Image image) {
    journal.attach(upgrade, IMAGE, Json.write(image));
  }

  /** Sets what became of the time in which clients waited; replaces what was set before. */
  public void hold(Receipt.Hold hold) {
    journal.attach(upgrade, HOLD, Json.write(hold));
  }

  /** Adds a pass of a copy. */
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

  /** Adds a line for a person, unless the receipt has that line already. */
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
