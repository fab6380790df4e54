package dev.orchestrator.adopt;

import dev.orchestrator.common.HumanText;
import java.util.ArrayList;
import java.util.List;

/** A plan as a command prints it. */
public final class AdoptPlanText {
  private final List<String> lines = new ArrayList<>();

  private AdoptPlanText() {}

  /** The plan in words, a line each. */
  public static String of(AdoptPlan plan) {
    AdoptPlanText text = new AdoptPlanText();
    text.write(plan);
    return String.join("\n", text.lines) + "\n";
  }

  private void write(AdoptPlan plan) {
    lines.add(
        "project %s%s, %s -> stack %s (%s)"
            .formatted(
                plan.project(),
                plan.source().isEmpty() ? "" : " in " + plan.source(),
                plan.state(),
                plan.stack(),
                plan.folder()));
    if (!plan.files().isEmpty()) {
      lines.add(
          "  files: %s%s"
              .formatted(
                  String.join(", ", plan.files()),
                  plan.rebuilt() ? " (gone: made from the containers)" : ""));
    }
    section(
        "variables of the shell that started it",
        plan.variables().stream()
            .map(one ->
                "%s=%s  (%s)".formatted(one.name(), one.value(), String.join(", ", one.places())))
            .toList());
    section(
        "images",
        plan.images().stream()
            .map(one -> "%s: %s  (%s)".formatted(one.service(), one.pinned(), one.how()))
            .toList());
    section(
        "routes",
        plan.routes().stream()
            .map(one ->
                "%s -> %s:%d, %s  (%s)"
                    .formatted(one.listen(), one.service(), one.port(), one.protocol(), one.why()))
            .toList());
    section(
        "healthy when",
        plan.probes().stream().map(one -> "%s: %s".formatted(one.service(), one.check())).toList());
    section(
        "data",
        plan.data().stream()
            .map(one ->
                "%s: %s%s  (%s; %s)"
                    .formatted(
                        one.source(),
                        becomes(one.becomes(), plan.started()),
                        one.bytes() < 0
                            ? ""
                            : ", %s in %d files"
                                .formatted(HumanText.bytes(one.bytes()), one.files()),
                        one.why(),
                        String.join(", ", one.services())))
            .toList());
    section("of the host", plan.grants());
    section(
        "can't go along as it is",
        plan.cannot().stream()
            .map(one -> "%s\n      choice: %s".formatted(one.what(), one.choice()))
            .toList());
    section("notes", plan.notes());
    if (plan.refusals().isEmpty()) {
      lines.add("");
      lines.add(
          plan.started()
              ? "to be copied: %s, while the project goes on serving"
                  .formatted(HumanText.bytes(plan.bytesToCopy()))
              : "no data is copied: volumes begin empty");
    } else {
      section("refused, as things are", plan.refusals());
    }
  }

  private static String becomes(String becomes, boolean started) {
    return switch (becomes) {
      case "data" -> started ? "copied into the stack's data" : "data of the stack";
      case "attached" -> "a data volume of its own, attached at upgrades";
      case "host path" -> "shared with the host, never copied (data.host-paths)";
      case "release" -> "comes with release 1";
      default -> becomes;
    };
  }

  private void section(String title, List<String> items) {
    if (!items.isEmpty()) {
      lines.add("");
      lines.add(title + ":");
      items.forEach(item -> lines.add("  - " + item));
    }
  }
}
