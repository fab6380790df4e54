package dev.orchestrator.cli;

import dev.orchestrator.common.HumanText;
import dev.orchestrator.report.MovePlan;
import java.util.ArrayList;
import java.util.List;

/** Prints the plan of a move: that of an upgrade, the other host, and what speaks against it. */
final class MovePlanText {
  private MovePlanText() {}

  static List<String> lines(MovePlan plan) {
    List<String> lines = new ArrayList<>(PlanText.lines(plan.plan()));
    lines.add("");
    lines.add("engine: %s at %s".formatted(plan.engine(), plan.to()));
    for (MovePlan.Image image : plan.sent()) {
      lines.add(
          "sent: %s, %s"
              .formatted(
                  image.name(),
                  image.bytes() == 0
                      ? "nothing, it is there"
                      : "at most " + HumanText.bytes(image.bytes())));
    }
    lines.add(
        "space there: %s needed, %s to stay free, %s free"
            .formatted(
                HumanText.bytes(plan.needed()),
                HumanText.bytes(plan.reserve()),
                plan.free() < 0 ? "an unknown number of bytes" : HumanText.bytes(plan.free())));
    lines.add(
        "ports: %s, published on %s with numbers from 20000 on"
            .formatted(
                plan.ports().isEmpty() ? "none" : String.join(", ", plan.ports()), plan.host()));
    lines.add(
        plan.holdMillis() < 0
            ? "clients wait: nothing tells for how long"
            : "clients wait: about %s; %s"
                .formatted(HumanText.time(plan.holdMillis()), plan.holdBasis()));
    plan.refusals().forEach(refusal -> lines.add("refused: " + refusal));
    if (plan.refusals().isEmpty()) {
      lines.add("nothing speaks against it");
    }
    return lines;
  }
}
