package dev.orchestrator.cli;

import dev.orchestrator.archive.ArchiveContents;
import dev.orchestrator.archive.ArchiveContents.Secrets;
import dev.orchestrator.archive.ArchiveContents.Volume;
import dev.orchestrator.archive.ArchiveHead;
import dev.orchestrator.common.HumanText;
import java.util.ArrayList;
import java.util.List;

/** What is in a file of an export, for a person. */
final class ArchiveText {
  private static final int SHORT_ID = "sha256:".length() + 12;

  private ArchiveText() {}

  static List<String> lines(ArchiveContents contents) {
    ArchiveHead head = contents.head();
    List<String> lines = new ArrayList<>();
    lines.add(
        "%s %s for %s, exported %s by orchestrator %s"
            .formatted(
                head.stack(),
                head.version(),
                head.architecture(),
                HumanText.when(head.created()),
                head.program()));
    ArchiveContents.Image image = contents.image();
    lines.add(
        "image     %s, %s, %s"
            .formatted(
                image.reference(),
                image.id().substring(0, Math.min(SHORT_ID, image.id().length())),
                HumanText.bytes(image.bytes())));
    if (!contents.settings().isEmpty()) {
      lines.add("settings  " + String.join(", ", contents.settings().keySet()));
    }
    lines.add("secrets   " + secrets(contents.secrets()));
    if (contents.volumes().isEmpty()) {
      lines.add("data      none: a stack that is made of it begins with empty volumes");
      return lines;
    }
    lines.add("data      " + HumanText.bytes(contents.dataBytes()));
    TextTable table = new TextTable("VOLUME", "SIZE", "FILES", "IN THE FILE");
    for (Volume each : contents.volumes()) {
      table.row(
          each.name(),
          HumanText.bytes(each.bytes()),
          Long.toString(each.files()),
          HumanText.bytes(each.archived()));
    }
    lines.addAll(table.lines());
    return lines;
  }

  private static String secrets(Secrets secrets) {
    List<String> names = new ArrayList<>(secrets.variables());
    names.addAll(secrets.files());
    if (names.isEmpty()) {
      return "none declared";
    }
    return (secrets.encrypted() ? "encrypted: " : "left out: ") + String.join(", ", names);
  }
}
