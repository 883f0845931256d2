import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Turns the allow-lists in {@code surface/} and the real OpenSSL headers into what JavaCPP reads.
 *
 * <pre>
 * Surface emit     LISTS INCLUDE OUT       the build: every listed name must be in the headers
 * Surface discover LISTS INCLUDE LIBDIR    a maintainer's: writes the lists anew for a new OpenSSL
 * </pre>
 */
public final class Surface {
    private final SurfaceLists lists;
    private final CHeaders.Compiler compiler;
    private final int[] version;
    private final CHeaders c;

    private Surface(Path folder, Path include) throws IOException, InterruptedException {
        lists = new SurfaceLists(folder);
        String command = System.getenv().getOrDefault("CC", "gcc");
        compiler = new CHeaders.Compiler(command, include);
        c = CHeaders.read(compiler, lists.includes(null));
        version = new int[] {
            Integer.parseInt(c.macros.get("OPENSSL_VERSION_MAJOR")),
            Integer.parseInt(c.macros.get("OPENSSL_VERSION_MINOR"))
        };
    }

    public static void main(String[] args) throws IOException, InterruptedException {
        if (args.length != 4 || !Set.of("emit", "discover").contains(args[0])) {
            System.err.println(
                    "usage: Surface emit LISTS INCLUDE OUT | Surface discover LISTS INCLUDE"
                            + " LIBDIR");
            System.exit(2);
        }
        Surface surface = new Surface(Path.of(args[1]), Path.of(args[2]));
        boolean good = true;
        if (args[0].equals("emit")) {
            good = surface.emit(Path.of(args[3]));
        } else {
            surface.discover(Path.of(args[3]));
        }
        System.exit(good ? 0 : 1);
    }

    private boolean emit(Path out) throws IOException, InterruptedException {
        Files.createDirectories(out);
        List<String> wrong = new ArrayList<>();
        SurfaceWriter writer = new SurfaceWriter(c, version, lists, out);
        List<String> counts = new ArrayList<>();
        for (String library : SurfaceLists.LIBRARIES) {
            Map<String, SurfaceLists.Entry> functions =
                    present(lists.functions.get(library), c.functions.keySet());
            for (Map.Entry<String, SurfaceLists.Entry> entry : functions.entrySet()) {
                CType.Function function = c.functions.get(entry.getKey());
                if (function == null) {
                    wrong.add(library + "-functions.txt: no header declares " + entry.getKey());
                } else {
                    String problem = problem(function);
                    if (problem != null
                            && !(problem.equals("callback")
                                    && entry.getValue().has("nocallback"))) {
                        wrong.add(library + "-functions.txt: " + entry.getKey()
                                + " cannot be bound: " + problem);
                    }
                }
            }
            if (!wrong.isEmpty()) {
                continue;
            }
            int count = writer.write(library, functions);
            Map<String, SurfaceLists.Entry> names =
                    present(lists.constants.get(library), c.macros.keySet());
            for (String name : names.keySet()) {
                if (!c.macros.containsKey(name)) {
                    wrong.add(library + "-constants.txt: no header defines " + name);
                }
            }
            if (wrong.isEmpty()) {
                ConstantsWriter.write(
                        out.resolve("java/io/github/securepair/openssl"),
                        library,
                        ConstantsWriter.evaluate(
                                compiler, lists.includes(null), names.keySet(), out));
            }
            counts.add(library + ".functions=" + count);
            counts.add(library + ".constants=" + names.size());
            System.out.println(
                    "lib" + library + ": " + count + " functions, " + names.size() + " constants");
        }
        for (Map.Entry<String, CType.Function> entry : unlisted().entrySet()) {
            String note = entry.getKey() + " of " + entry.getValue().header()
                    + " is neither bound nor in left-out.txt";
            if (listsAreOf(version)) {
                wrong.add(note);
            }
        }
        writer.writeStandIns();
        Files.write(out.resolve("counts.properties"), counts);
        wrong.stream().limit(50).forEach(System.err::println);
        return wrong.isEmpty();
    }

    /**
     * The lists are complete for one version, named in their first line; a newer one has more to
     * offer.
     */
    private boolean listsAreOf(int[] version) throws IOException {
        Matcher matcher = Pattern.compile("OpenSSL (\\d+)\\.(\\d+)")
                .matcher(String.join(" ", lists.comment("left-out.txt")));
        return matcher.find()
                && Integer.parseInt(matcher.group(1)) == version[0]
                && Integer.parseInt(matcher.group(2)) == version[1];
    }

    private Map<String, CType.Function> unlisted() {
        Map<String, CType.Function> found = new TreeMap<>();
        for (CType.Function function : c.functions.values()) {
            if (lists.headers.containsKey(function.header())
                    && !isPrivate(function.name())
                    && !lists.leftOut.containsKey(function.name())
                    && lists.functions.values().stream()
                            .noneMatch(map -> map.containsKey(function.name()))) {
                found.put(function.name(), function);
            }
        }
        return found;
    }

    /** As {@link CType.Function#problem}; a struct by value needs a class with its fields. */
    private String problem(CType.Function function) {
        if (function.problem() != null) {
            return function.problem();
        }
        List<CType> types = new ArrayList<>(
                function.parameters().stream().map(CType.Parameter::type).toList());
        types.add(function.result());
        boolean opaque = types.stream()
                .anyMatch(type -> type.kind() == CType.Kind.STRUCT
                        && type.pointers() == 0
                        && lists.structs.values().stream()
                                .noneMatch(names -> names.contains(type.base())));
        return opaque ? "struct-value" : null;
    }

    /** The entries that these headers ought to have; optional ones only if they do. */
    private Map<String, SurfaceLists.Entry> present(
            Map<String, SurfaceLists.Entry> entries, Set<String> found) {
        Map<String, SurfaceLists.Entry> present = new LinkedHashMap<>();
        entries.forEach((name, entry) -> {
            if (entry.isIn(version) && (!entry.has("optional") || found.contains(name))) {
                present.put(name, entry);
            }
        });
        return present;
    }

    private static boolean isPrivate(String name) {
        return name.startsWith("ossl_") || name.startsWith("OSSL_FUNC_");
    }

    // ---- discover -----------------------------------------------------------------------------

    private void discover(Path libraries) throws IOException, InterruptedException {
        Map<String, String> since = symbolVersions(libraries);
        Map<String, String> left = new TreeMap<>();
        String head = "OpenSSL " + version[0] + "." + version[1];
        Set<String> manual = new HashSet<>();
        lists.leftOut.forEach((name, reason) -> {
            if (reason.startsWith("manual")) {
                manual.add(name);
            }
        });
        for (String library : SurfaceLists.LIBRARIES) {
            Map<String, String> lines = new TreeMap<>();
            for (CType.Function f : c.functions.values()) {
                if (!library.equals(lists.headers.get(f.header())) || isPrivate(f.name())) {
                    continue;
                }
                SurfaceLists.Entry old = lists.functions.get(library).get(f.name());
                Set<String> tags = new TreeSet<>(old == null ? Set.of() : old.tags());
                if (f.name().matches("(PEM|d2i|i2d|b2i|i2b)_.*")
                        && f.parameters().stream()
                                .anyMatch(p -> p.type().base().equals("pem_password_cb"))) {
                    tags.add("nocallback");
                }
                String problem = problem(f);
                if (manual.contains(f.name())) {
                    left.put(f.name(), lists.leftOut.get(f.name()));
                } else if (!f.inlined() && !since.containsKey(f.name())) {
                    left.put(f.name(), "not-exported");
                } else if (problem != null
                        && !(problem.equals("callback") && tags.contains("nocallback"))) {
                    left.put(f.name(), problem);
                } else {
                    String from = old != null ? old.since() : since.get(f.name());
                    lines.put(
                            f.name(),
                            new SurfaceLists.Entry("3.0".equals(from) ? null : from, tags)
                                    .line(f.name()));
                }
            }
            lists.write(
                    library + "-functions.txt",
                    List.of("Functions of lib" + library + " that Java gets, complete for " + head
                            + ". Written by `build/surface discover`; tags are kept."
                            + " Format: README.md."),
                    List.copyOf(lines.values()));
            constants(library, head);
        }
        lists.write(
                "left-out.txt",
                List.of("Functions that Java does not get, and why, complete for " + head
                        + ". Reasons: README.md."),
                left.entrySet().stream()
                        .map(e -> e.getKey() + " " + e.getValue())
                        .toList());
        System.out.println(left.size() + " left out");
    }

    private void constants(String library, String head) throws IOException, InterruptedException {
        Set<String> candidates = new TreeSet<>();
        c.macros.forEach((name, value) -> {
            if (library.equals(lists.headers.get(constantHeader(c.macroHeaders.get(name))))
                    && !value.isEmpty()
                    && !c.functionMacros.contains(name)
                    && isConstantName(name)) {
                candidates.add(name);
            }
        });
        Path folder = Files.createTempDirectory("surface");
        for (int round = 0; round < 40; round++) {
            Set<String> bad = rejected(candidates, folder);
            if (bad.isEmpty()) {
                break;
            }
            candidates.removeAll(bad);
        }
        Map<String, String> lines = new TreeMap<>();
        for (String name : candidates) {
            SurfaceLists.Entry old = lists.constants.get(library).get(name);
            lines.put(
                    name, (old == null ? new SurfaceLists.Entry(null, Set.of()) : old).line(name));
        }
        lists.write(
                library + "-constants.txt",
                List.of("Macros of lib" + library + "'s headers that are Java constants, "
                        + "complete for " + head
                        + ". Written by `build/surface discover`. Format: README.md."),
                List.copyOf(lines.values()));
        System.out.println(library + ": " + lines.size() + " constants");
    }

    /** Reason codes live in headers of their own (sslerr.h for ssl.h). */
    private static String constantHeader(String header) {
        return header.matches(".*err(_legacy)?\\.h") && !header.equals("openssl/err.h")
                ? header.startsWith("openssl/ssl") ? "openssl/ssl.h" : "openssl/err.h"
                : header;
    }

    private static boolean isConstantName(String name) {
        return name.matches("[A-Z][A-Za-z0-9]*_[A-Za-z0-9_]+")
                && !name.matches("(SN|LN|OBJ|OPENSSL_NO|HEADER)_.*")
                && !name.matches(".*_(F)_.*")
                && !name.endsWith("_H")
                && !name.startsWith("OSSL_DEPRECATED");
    }

    private Set<String> rejected(Collection<String> names, Path folder)
            throws IOException, InterruptedException {
        String program = ConstantsWriter.program(lists.includes(null), names);
        Path source = folder.resolve("probe.c");
        Files.writeString(source, program);
        Process process = new ProcessBuilder(
                        compiler.command(),
                        "-std=gnu11",
                        "-w",
                        "-fmax-errors=0",
                        "-fsyntax-only",
                        "-fno-diagnostics-show-caret",
                        "-I" + compiler.include(),
                        source.toString())
                .redirectErrorStream(true)
                .start();
        String messages = new String(process.getInputStream().readAllBytes());
        process.waitFor();
        List<String> lines = program.lines().toList();
        Set<String> bad = new HashSet<>();
        Matcher matcher = Pattern.compile("probe\\.c:(\\d+):\\d+: ").matcher(messages);
        while (matcher.find()) {
            String line = lines.get(Integer.parseInt(matcher.group(1)) - 1);
            if (line.startsWith("PUT(")) {
                bad.add(line.substring(4, line.indexOf(')')));
            }
        }
        return bad;
    }

    /**
     * Each exported function's first version, read from the symbol versions of the shared
     * libraries.
     */
    private static Map<String, String> symbolVersions(Path folder)
            throws IOException, InterruptedException {
        Map<String, String> versions = new HashMap<>();
        for (String library : SurfaceLists.LIBRARIES) {
            Process process = new ProcessBuilder(
                            "nm",
                            "-D",
                            "--defined-only",
                            folder.resolve("lib" + library + ".so.3").toString())
                    .start();
            String text = new String(process.getInputStream().readAllBytes());
            Matcher matcher = Pattern.compile(" [A-Z] (\\w+)@@OPENSSL_(\\d+\\.\\d+)\\.\\d+")
                    .matcher(text);
            while (matcher.find()) {
                versions.put(matcher.group(1), matcher.group(2));
            }
        }
        return versions;
    }
}
