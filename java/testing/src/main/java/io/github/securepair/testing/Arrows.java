package io.github.securepair.testing;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.PrintStream;
import java.io.UncheckedIOException;
import java.lang.module.ModuleDescriptor;
import java.net.URISyntaxException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayDeque;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.function.BiConsumer;
import java.util.function.Predicate;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.spi.ToolProvider;
import java.util.stream.Collectors;

/**
 * Which class of a module names which, as {@code jdeps} of the running JDK reads it from the class
 * files; or which package. A nested class counts as part of the outermost one.
 *
 * <p>One kind of arrow is not seen: the compiler copies constants, so a class of which only those
 * are used is not named.
 */
public final class Arrows {
    private static final Pattern LINE = Pattern.compile("^ +(\\S+) +-> (\\S+)");

    private final Map<String, Set<String>> targets = new TreeMap<>();

    private Arrows() {}

    /** From all classes in the folder that {@code one} was loaded from. */
    public static Arrows ofModule(Class<?> one) {
        return read(one, "-verbose:class", "-filter:none");
    }

    /**
     * Those that the module's users see: from public classes of exported packages to their
     * supertypes, and to the types in signatures of their public and protected members.
     */
    public static Arrows ofSignatures(Class<?> one) {
        Arrows all = read(one, "-verbose:class", "-filter:none", "-apionly");
        Set<String> exported = module(one).exports().stream()
                .map(ModuleDescriptor.Exports::source)
                .collect(Collectors.toSet());
        all.targets.keySet().removeIf(name -> !exported.contains(packageOf(name)));
        return all;
    }

    /** The declaration of the module that a class belongs to, also on the class path. */
    public static ModuleDescriptor module(Class<?> one) {
        try (InputStream in = Files.newInputStream(folder(one).resolve("module-info.class"))) {
            return ModuleDescriptor.read(in);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static Path folder(Class<?> one) {
        try {
            return Path.of(
                    one.getProtectionDomain().getCodeSource().getLocation().toURI());
        } catch (URISyntaxException e) {
            throw new IllegalStateException(e);
        }
    }

    private static Arrows read(Class<?> one, String... options) {
        // Above the packages lies module-info, for which jdeps would look for other modules.
        Path packages = folder(one).resolve("io");
        if (!Files.isDirectory(packages)) {
            throw new IllegalStateException(packages + " is no folder of classes");
        }
        ByteArrayOutputStream text = new ByteArrayOutputStream();
        PrintStream out = new PrintStream(text, true, StandardCharsets.UTF_8);
        ToolProvider jdeps = ToolProvider.findFirst("jdeps")
                .orElseThrow(() -> new IllegalStateException("this JVM has no jdeps"));
        String[] arguments = Arrays.copyOf(options, options.length + 1);
        arguments[options.length] = packages.toString();
        if (jdeps.run(out, out, arguments) != 0) {
            throw new IllegalStateException(text.toString(StandardCharsets.UTF_8));
        }
        Arrows arrows = new Arrows();
        text.toString(StandardCharsets.UTF_8).lines().forEach(line -> {
            Matcher arrow = LINE.matcher(line);
            if (arrow.find()) {
                arrows.add(outermost(arrow.group(1)), outermost(arrow.group(2)));
            }
        });
        return arrows;
    }

    private static String outermost(String name) {
        int nested = name.indexOf('$');
        return nested < 0 ? name : name.substring(0, nested);
    }

    private static String packageOf(String name) {
        return name.substring(0, name.lastIndexOf('.'));
    }

    private void add(String from, String to) {
        Set<String> known = targets.computeIfAbsent(from, name -> new TreeSet<>());
        if (!from.equals(to)) {
            known.add(to);
        }
    }

    /** The arrows between packages. */
    public Arrows betweenPackages() {
        Arrows packages = new Arrows();
        forEach((from, to) -> packages.add(packageOf(from), packageOf(to)));
        return packages;
    }

    /** Only the arrows from and to such names, without the packages' name before them. */
    public Arrows inPackage(String name) {
        Arrows arrows = new Arrows();
        int prefix = name.length() + 1;
        forEach((from, to) -> {
            if (packageOf(from).equals(name) && packageOf(to).equals(name)) {
                arrows.add(from.substring(prefix), to.substring(prefix));
            }
        });
        return arrows;
    }

    /** Where the arrows begin: each class or package of the module. */
    public Set<String> sources() {
        return Collections.unmodifiableSet(targets.keySet());
    }

    /** Calls for each arrow. */
    public void forEach(BiConsumer<String, String> action) {
        targets.forEach((from, all) -> all.forEach(to -> action.accept(from, to)));
    }

    /** Those that fit, each as "from -> to". */
    public Set<String> from(Predicate<String> from, Predicate<String> to) {
        Set<String> found = new TreeSet<>();
        forEach((source, target) -> {
            if (from.test(source) && to.test(target)) {
                found.add(source + " -> " + target);
            }
        });
        return found;
    }

    /**
     * Those that do not go down, each as "from -> to".
     *
     * @param floors all names of the module, from top to bottom
     * @throws IllegalArgumentException when a name has no floor, or a floor has no such name
     */
    public Set<String> upwards(List<String> floors) {
        if (!targets.keySet().equals(Set.copyOf(floors))) {
            throw new IllegalArgumentException(
                    "the floors are " + floors + ", but there are " + targets.keySet());
        }
        Set<String> up = new TreeSet<>();
        forEach((from, to) -> {
            if (floors.contains(to) && floors.indexOf(to) < floors.indexOf(from)) {
                up.add(from + " -> " + to);
            }
        });
        return up;
    }

    /**
     * The circles: each the largest set of names in which every one can be reached from every
     * other, joined by spaces.
     */
    public Set<String> circles() {
        Map<String, Set<String>> reached = new TreeMap<>();
        targets.keySet().forEach(name -> reached.put(name, reachedFrom(name)));
        Set<String> circles = new TreeSet<>();
        reached.forEach((name, others) -> {
            if (others.contains(name)) {
                circles.add(others.stream()
                        .filter(other -> reached.getOrDefault(other, Set.of()).contains(name))
                        .collect(Collectors.joining(" ")));
            }
        });
        return circles;
    }

    private Set<String> reachedFrom(String start) {
        Set<String> reached = new TreeSet<>();
        ArrayDeque<String> next = new ArrayDeque<>(List.of(start));
        while (!next.isEmpty()) {
            for (String name : targets.getOrDefault(next.remove(), Set.of())) {
                if (reached.add(name)) {
                    next.add(name);
                }
            }
        }
        return reached;
    }
}
