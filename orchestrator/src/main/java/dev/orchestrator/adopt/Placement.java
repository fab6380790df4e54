package dev.orchestrator.adopt;

/**
 * What becomes of a path of the host that a project uses.
 *
 * @param why for a person
 */
record Placement(Kind kind, String why) {
  enum Kind {
    /** It is copied into the stack's data. */
    DATA("data"),
    /** It comes with the release. */
    RELEASE("release"),
    /** Both use the same files. */
    HOST_READ("host path"),
    HOST_WRITE("host path"),
    /** A socket, a device, the time zone: the stack has its own way for it. */
    LEFT("as it is");

    private final String word;

    Kind(String word) {
      this.word = word;
    }

    String word() {
      return word;
    }
  }

  boolean host() {
    return kind == Kind.HOST_READ || kind == Kind.HOST_WRITE;
  }
}
