import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.stream.Collectors;

/** The allow-lists beside this folder, read and written. See surface/README.md for their format. */
final class SurfaceLists {
    static final List<String> LIBRARIES = List.of("crypto", "ssl");

    final Path folder;
    /** Header to library, in the order in which C must include them. */
    final Map<String, String> headers = new LinkedHashMap<>();
    /** Library to function name to its tags. */
    final Map<String, TreeMap<String, Entry>> functions = new TreeMap<>();

    final Map<String, TreeMap<String, Entry>> constants = new TreeMap<>();
    final Map<String, String> leftOut = new TreeMap<>();
    final Map<String, Set<String>> structs = new TreeMap<>();
    final Set<String> optionalStructs = new TreeSet<>();
    final Map<String, List<String>> stacks = new TreeMap<>();

    /**
     * One line: the OpenSSL version that brought it (null: before 3.0) and how it is to be bound.
     */
    record Entry(String since, Set<String> tags) {

        boolean has(String tag) {
            return tags.contains(tag);
        }

        boolean isIn(int[] version) {
            if (since == null) {
                return true;
            }
            int[] needed = parse(since);
            return needed[0] < version[0] || needed[0] == version[0] && needed[1] <= version[1];
        }

        static int[] parse(String version) {
            return Arrays.stream(version.split("\\."))
                    .mapToInt(Integer::parseInt)
                    .toArray();
        }

        String line(String name) {
            return name
                    + (since == null ? "" : " since=" + since)
                    + new TreeSet<>(tags)
                            .stream().map(tag -> " " + tag).collect(Collectors.joining());
        }
    }

    SurfaceLists(Path folder) throws IOException {
        this.folder = folder;
        for (String[] words : lines("headers.txt")) {
            headers.put(words[1], words[0]);
        }
        for (String library : LIBRARIES) {
            functions.put(library, entries(library + "-functions.txt"));
            constants.put(library, entries(library + "-constants.txt"));
            structs.put(library, new TreeSet<>());
            stacks.put(library, new ArrayList<>());
        }
        for (String[] words : lines("left-out.txt")) {
            leftOut.put(words[0], words[1]);
        }
        for (String[] words : lines("structs.txt")) {
            structs.get(words[0]).add(words[1]);
            if (words.length > 2) {
                optionalStructs.add(words[1]);
            }
        }
        for (String[] words : lines("stacks.txt")) {
            stacks.get(words[0]).add(words[1] + (words.length > 2 ? " " + words[2] : ""));
        }
    }

    String macros(String library) throws IOException {
        return Files.readString(folder.resolve(library + "-macros.h"));
    }

    /** A C source that includes every header of a library, or of both. */
    String includes(String library) {
        return headers.keySet().stream()
                .filter(header -> library == null || headers.get(header).equals(library))
                .map(header ->
                        "#if __has_include(<" + header + ">)\n#include <" + header + ">\n#endif\n")
                .collect(Collectors.joining());
    }

    void write(String file, List<String> comment, List<String> lines) throws IOException {
        List<String> all = new ArrayList<>();
        comment.forEach(line -> all.add("# " + line));
        all.addAll(lines);
        Files.write(folder.resolve(file), all);
    }

    /** The head comment of a list, kept when the list is written anew. */
    List<String> comment(String file) throws IOException {
        Path path = folder.resolve(file);
        return !Files.exists(path)
                ? List.of()
                : Files.readAllLines(path).stream()
                        .filter(line -> line.startsWith("# "))
                        .map(line -> line.substring(2))
                        .toList();
    }

    private TreeMap<String, Entry> entries(String file) throws IOException {
        TreeMap<String, Entry> entries = new TreeMap<>();
        String before = "";
        for (String[] words : lines(file)) {
            String since = null;
            Set<String> tags = new TreeSet<>();
            for (String word : Arrays.asList(words).subList(1, words.length)) {
                if (word.startsWith("since=")) {
                    since = word.substring(6);
                } else {
                    tags.add(word);
                }
            }
            if (before.compareTo(words[0]) >= 0) {
                throw new IOException(file + " is not sorted at " + words[0]);
            }
            before = words[0];
            entries.put(words[0], new Entry(since, tags));
        }
        return entries;
    }

    private List<String[]> lines(String file) throws IOException {
        Path path = folder.resolve(file);
        return !Files.exists(path)
                ? List.of()
                : Files.readAllLines(path).stream()
                        .filter(line -> !line.isBlank() && !line.startsWith("#"))
                        .map(line -> line.trim().split("\\s+"))
                        .toList();
    }
}
