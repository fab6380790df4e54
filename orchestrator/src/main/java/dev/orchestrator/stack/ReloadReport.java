package dev.orchestrator.stack;

import java.util.List;

/**
 * What reading the settings anew has changed. JSON of the API: component names are a contract.
 *
 * @param stacks those with a change or a problem, in the order of their names
 * @param notes settings of the service that have changed and need a restart
 */
public record ReloadReport(List<Entry> stacks, List<String> notes) {

  /**
   * What became of a stack.
   *
   * @param change "added", "changed", "removed", "refused" or "unchanged"
   * @param text why it was refused, a line for each reason; empty otherwise
   */
  public record Entry(String stack, String change, String text) {
    public boolean refused() {
      return change.equals("refused");
    }
  }

  /** Whether everything could be taken over. */
  public boolean complete() {
    return stacks.stream().noneMatch(Entry::refused);
  }
}
