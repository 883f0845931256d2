package io.github.securepair.openssl;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * The files that this process has mapped to execute, from {@code /proc/self/maps}; nothing where
 * there is no {@code /proc}. Of a library that could not be loaded the linker may leave the rest.
 */
final class Mappings {
    private static final String DELETED = " (deleted)";

    /** Whether each of them is still there under its name. */
    private final Map<String, Boolean> files = new LinkedHashMap<>();

    private Mappings() {}

    static Mappings now() {
        Path maps = Path.of("/proc/self/maps");
        try {
            // Names are bytes; Latin-1 takes all of them.
            return of(Files.readAllLines(maps, StandardCharsets.ISO_8859_1));
        } catch (IOException e) {
            return new Mappings();
        }
    }

    static Mappings of(List<String> lines) {
        Mappings mappings = new Mappings();
        for (String line : lines) {
            int path = line.indexOf('/');
            if (path >= 0 && line.charAt(line.indexOf(' ') + 3) == 'x') {
                String file = line.substring(path);
                boolean deleted = file.endsWith(DELETED);
                mappings.files.merge(
                        deleted ? file.substring(0, file.length() - DELETED.length()) : file,
                        !deleted,
                        Boolean::logicalOr);
            }
        }
        return mappings;
    }

    /** Nothing is known: there is no {@code /proc}. */
    boolean unknown() {
        return files.isEmpty();
    }

    /** Whether the file is mapped, be it that its name has gone since. */
    boolean has(Path file) {
        return files.containsKey(bytes(file));
    }

    /** Whether the file is mapped, but another or none is found under its name by now. */
    boolean replaced(Path file) {
        return Boolean.FALSE.equals(files.get(bytes(file)));
    }

    /** Every file whose name begins so, such as {@code libcrypto}: also those of others. */
    List<Path> named(String prefix) {
        List<Path> found = new ArrayList<>();
        for (String file : files.keySet()) {
            if (file.substring(file.lastIndexOf('/') + 1).startsWith(prefix)) {
                found.add(path(text(file)));
            }
        }
        return List.copyOf(found);
    }

    /** The locale may have no such name; then it is only something to show. */
    private static Path path(String file) {
        try {
            return Path.of(file);
        } catch (InvalidPathException e) {
            return Path.of(file.replaceAll("[^\\x20-\\x7e]", "?"));
        }
    }

    /** Whether the C library of this process is musl. */
    boolean musl() {
        return files.keySet().stream()
                .anyMatch(file -> file.contains("/ld-musl-") || file.contains("/libc.musl-"));
    }

    private static String bytes(Path file) {
        return new String(file.toString().getBytes(), StandardCharsets.ISO_8859_1);
    }

    private static String text(String bytes) {
        return new String(bytes.getBytes(StandardCharsets.ISO_8859_1));
    }
}
