package dev.orchestrator.engine;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * The instructions of a Dockerfile, read by BuildKit's rules: so what the classic builder doesn't
 * know, or would silently take for something else, is found before a build.
 *
 * @param syntax value of the directive {@code # syntax=}; empty without one
 * @param instructions in the file's order, without the texts of heredocs
 */
public record Dockerfile(String syntax, List<Instruction> instructions) {
  private static final Pattern DIRECTIVE =
      Pattern.compile("\\s*#\\s*(?<name>[A-Za-z]+)\\s*=\\s*(?<value>\\S+)\\s*");
  private static final Pattern FLAG =
      Pattern.compile("--(?<name>[^\\s=]+)(?:=(?<value>\\S*))?\\s*");

  /** Quoted text in which nothing is a heredoc. */
  private static final Pattern QUOTED =
      Pattern.compile("\\\\.|(?<!<<-?)(?:\"(?:\\\\.|[^\"\\\\]++)*+\"|'[^']*+')");

  private static final Pattern HEREDOC =
      Pattern.compile("(?:^|\\s)\\d*+<<(?<dash>-?)(?<name>[^\\s<]+)");
  private static final Set<String> WITH_HEREDOC = Set.of("RUN", "COPY", "ADD");
  private static final Pattern ARG =
      Pattern.compile("(?<name>\\w+)(?:=(?<value>\"[^\"]*\"|'[^']*'|\\S*))?");
  private static final Pattern FROM =
      Pattern.compile("(?<image>\\S+)(?:\\s+AS\\s+(?<alias>\\S+))?.*", Pattern.CASE_INSENSITIVE);
  private static final Pattern VARIABLE =
      Pattern.compile("\\$(?:\\{(?<braced>\\w+)(?::?-(?<default>[^}]*))?}|(?<plain>\\w+))");
  private static final Pattern PLATFORM_VARIABLE =
      Pattern.compile("\\b(?:TARGET|BUILD)(?:PLATFORM|OS|ARCH|VARIANT)\\b");

  /** The flags that the classic builder knows, which are also all that the engine's API can do. */
  private static final Map<String, Set<String>> CLASSIC_FLAGS =
      Map.of("RUN", Set.of(), "COPY", Set.of("from", "chown"), "ADD", Set.of("chown"));

  /** The image or stage that {@code RUN --mount} takes something from. */
  private static final Pattern MOUNTED = Pattern.compile("(^|,)from=(?<image>[^,]+)");

  private static final Map<String, String> INSTEAD =
      Map.of(
          "RUN --mount", "COPY what it mounts, or leave the mount of a cache out",
          "COPY --chmod", "set the mode of the file in the build context, or with RUN chmod",
          "ADD --chmod", "set the mode of the file in the build context, or with RUN chmod",
          "COPY --link", "leave it out: the image is the same",
          "ADD --link", "leave it out: the image is the same");

  /**
   * An instruction.
   *
   * @param line where it begins, counted from 1
   * @param name in capitals; of {@code ONBUILD RUN} it is RUN
   * @param onBuild whether it is for images that are built from this one
   * @param flags without the leading dashes, with their values
   * @param arguments the rest, its lines joined
   * @param heredoc whether texts for it follow
   */
  public record Instruction(
      int line,
      String name,
      boolean onBuild,
      Map<String, String> flags,
      String arguments,
      boolean heredoc) {}

  /**
   * Something that the classic builder can't do.
   *
   * @param line counted from 1
   * @param text what it is, and what to write instead
   */
  public record Problem(int line, String text) {}

  /** Reads a file. */
  public static Dockerfile read(Path file) throws IOException {
    return parse(new String(Files.readAllBytes(file), StandardCharsets.UTF_8));
  }

  static Dockerfile parse(String text) {
    List<String> lines = text.replaceFirst("^\uFEFF", "").lines().toList();
    List<Instruction> found = new ArrayList<>();
    String syntax = "";
    String escape = "\\";
    int next = 0;
    for (; next < lines.size(); next++) {
      Matcher directive = DIRECTIVE.matcher(lines.get(next));
      if (!directive.matches()) {
        break;
      }
      if (directive.group("name").equalsIgnoreCase("syntax")) {
        syntax = directive.group("value");
      } else if (directive.group("name").equalsIgnoreCase("escape")) {
        escape = directive.group("value");
      }
    }
    while (next < lines.size()) {
      int line = next + 1;
      StringBuilder joined = new StringBuilder();
      boolean open = true;
      while (open && next < lines.size()) {
        String part = lines.get(next++);
        if (part.isBlank() || part.stripLeading().startsWith("#")) {
          open = !joined.isEmpty();
          continue;
        }
        String end = part.stripTrailing();
        open = end.endsWith(escape) && !end.endsWith(escape + escape);
        joined.append(open ? end.substring(0, end.length() - escape.length()) : part);
      }
      if (!joined.isEmpty()) {
        Instruction instruction = instruction(line, joined.toString().strip(), false);
        found.add(instruction);
        next = afterTexts(instruction, lines, next);
      }
    }
    return new Dockerfile(syntax, List.copyOf(found));
  }

  private static Instruction instruction(int line, String text, boolean onBuild) {
    String[] words = text.split("\\s+", 2);
    String name = words[0].toUpperCase(Locale.ROOT);
    String rest = words.length > 1 ? words[1] : "";
    if (name.equals("ONBUILD") && !onBuild) {
      return instruction(line, rest, true);
    }
    Map<String, String> flags = new HashMap<>();
    Matcher flag = FLAG.matcher(rest);
    while (flag.lookingAt()) {
      String value = flag.group("value");
      flags.put(flag.group("name"), value == null ? "" : value);
      rest = rest.substring(flag.end());
      flag = FLAG.matcher(rest);
    }
    boolean heredoc = WITH_HEREDOC.contains(name) && heredocs(rest).find();
    return new Instruction(line, name, onBuild, Map.copyOf(flags), rest, heredoc);
  }

  private static Matcher heredocs(String arguments) {
    return HEREDOC.matcher(QUOTED.matcher(arguments).replaceAll("q"));
  }

  /** The line after the texts that follow an instruction. */
  private static int afterTexts(Instruction instruction, List<String> lines, int first) {
    int next = first;
    if (instruction.heredoc()) {
      Matcher heredocs = heredocs(instruction.arguments());
      while (heredocs.find()) {
        String name = heredocs.group("name").replaceAll("[\"']", "");
        boolean dash = !heredocs.group("dash").isEmpty();
        boolean open = true;
        while (open && next < lines.size()) {
          String line = lines.get(next++);
          open = !(dash ? line.replaceFirst("^\t+", "") : line).equals(name);
        }
      }
    }
    return next;
  }

  /**
   * What can't be built, or not into the image that plain Compose builds, which does it with
   * BuildKit.
   *
   * @param buildKit whether it is built with BuildKit, and not with the classic builder
   */
  public List<Problem> problems(boolean buildKit) {
    List<Problem> problems = new ArrayList<>();
    if (!syntax.isEmpty() && !syntax.matches("(\\S+/)?docker/dockerfile([:@-].*)?")) {
      problems.add(
          new Problem(
              1, "# syntax=%s is a language of its own: write a Dockerfile".formatted(syntax)));
    }
    if (buildKit) {
      return List.copyOf(problems);
    }
    for (Instruction instruction : instructions) {
      String name = instruction.name();
      if (instruction.heredoc()) {
        problems.add(
            new Problem(
                instruction.line(),
                name.equals("RUN")
                    ? "RUN with a heredoc (<<): write its lines as one command, joined by && and \\"
                    : name
                        + " with a heredoc (<<): put the text into a file of the build context"));
      }
      Set<String> known = CLASSIC_FLAGS.getOrDefault(name, instruction.flags().keySet());
      for (String flag : new TreeSet<>(instruction.flags().keySet())) {
        if (!known.contains(flag)) {
          String what = name + " --" + flag;
          problems.add(
              new Problem(
                  instruction.line(), what + ": " + INSTEAD.getOrDefault(what, "do without it")));
        }
      }
      if (name.equals("ADD")
          && instruction.arguments().matches("(git@|git://|ssh://|https?://\\S+\\.git(#|\\s)).*")) {
        problems.add(
            new Problem(
                instruction.line(),
                "ADD of a git repository: RUN git clone in a stage that has git"));
      }
    }
    return List.copyOf(problems);
  }

  /**
   * The variables that only BuildKit sets by itself, such as TARGETARCH, as far as they are used
   * here and not set before the first FROM.
   */
  public Set<String> platformVariables() {
    Set<String> used = new TreeSet<>();
    Set<String> set = new HashSet<>();
    boolean global = true;
    for (Instruction instruction : instructions) {
      global = global && !instruction.name().equals("FROM");
      Matcher matcher =
          PLATFORM_VARIABLE.matcher(instruction.flags() + " " + instruction.arguments());
      while (matcher.find()) {
        used.add(matcher.group());
        if (global) {
          set.add(matcher.group());
        }
      }
    }
    used.removeAll(set);
    return used;
  }

  /**
   * The images that it starts from or copies out of, in its order.
   *
   * @param args the build's arguments
   */
  public List<String> bases(Map<String, String> args, Platform platform) {
    Map<String, String> values = new HashMap<>(platform.variables());
    Set<String> stages = new HashSet<>(Set.of("scratch"));
    List<String> found = new ArrayList<>();
    boolean global = true;
    for (Instruction instruction : instructions) {
      if (instruction.onBuild()) {
        continue;
      }
      global = global && !instruction.name().equals("FROM");
      Matcher from = FROM.matcher(instruction.arguments());
      switch (instruction.name()) {
        case "ARG" -> {
          if (global) {
            addArgs(instruction.arguments(), args, values);
          }
        }
        case "FROM" -> {
          if (from.matches()) {
            add(replace(from.group("image"), values), stages, found);
            String alias = from.group("alias");
            stages.add(alias == null ? "scratch" : alias.toLowerCase(Locale.ROOT));
          }
        }
        case "COPY" -> {
          String copied = replace(instruction.flags().getOrDefault("from", "scratch"), values);
          if (!copied.matches("[0-9]+")) {
            add(copied, stages, found);
          }
        }
        case "RUN" -> {
          Matcher mounted = MOUNTED.matcher(instruction.flags().getOrDefault("mount", ""));
          if (mounted.find()) {
            add(replace(mounted.group("image"), values), stages, found);
          }
        }
        default -> {
          // Names no image.
        }
      }
    }
    return found;
  }

  /**
   * The platforms that its stages are to have, other than the engine's.
   *
   * @param args the build's arguments
   */
  public List<Problem> otherPlatforms(Map<String, String> args, Platform platform) {
    Map<String, String> values = new HashMap<>(platform.variables());
    List<Problem> found = new ArrayList<>();
    boolean global = true;
    for (Instruction instruction : instructions) {
      global = global && !instruction.name().equals("FROM");
      if (global && instruction.name().equals("ARG")) {
        addArgs(instruction.arguments(), args, values);
      }
      String wanted = replace(instruction.flags().getOrDefault("platform", ""), values);
      if (instruction.name().equals("FROM") && !wanted.isEmpty() && !platform.is(wanted)) {
        found.add(
            new Problem(
                instruction.line(),
                "FROM --platform=%s: this engine's images are for %s: remove it"
                    .formatted(wanted, platform)));
      }
    }
    return found;
  }

  private static void add(String image, Set<String> stages, List<String> found) {
    if (!stages.contains(image.toLowerCase(Locale.ROOT)) && !found.contains(image)) {
      found.add(image);
    }
  }

  private static void addArgs(String text, Map<String, String> args, Map<String, String> values) {
    Matcher arg = ARG.matcher(text);
    while (arg.find()) {
      String name = arg.group("name");
      String value = arg.group("value");
      String plain = value == null ? "" : value.replaceAll("^([\"'])(.*)\\1$", "$2");
      values.put(name, args.getOrDefault(name, replace(plain, values)));
    }
  }

  private static String replace(String text, Map<String, String> values) {
    return VARIABLE
        .matcher(text)
        .replaceAll(match -> {
          String name =
              match.group("braced") == null ? match.group("plain") : match.group("braced");
          String value = values.getOrDefault(name, "");
          String otherwise = match.group("default") == null ? "" : match.group("default");
          return Matcher.quoteReplacement(value.isEmpty() ? otherwise : value);
        });
  }
}
