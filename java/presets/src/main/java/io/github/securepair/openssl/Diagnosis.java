package io.github.securepair.openssl;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** Makes of what the JVM and the dynamic linker say what is wrong and what to do about it. */
final class Diagnosis {
    private static final Pattern VERSION = Pattern.compile("version [`']([A-Za-z]+)_([0-9.]+)'");
    private static final Pattern NO_OPENSSL =
            Pattern.compile("lib(ssl|crypto)\\.so\\.\\d+: cannot open shared object file");

    private final Mappings mappings;
    private final List<String> mounts;

    Diagnosis(Mappings mappings, List<String> mounts) {
        this.mappings = mappings;
        this.mounts = mounts;
    }

    static Diagnosis now() {
        List<String> mounts;
        try {
            mounts = Files.readAllLines(
                    Path.of("/proc/self/mountinfo"), StandardCharsets.ISO_8859_1);
        } catch (IOException e) {
            mounts = List.of();
        }
        return new Diagnosis(Mappings.now(), mounts);
    }

    /** Another class loader of this JVM has it. */
    static boolean isTaken(UnsatisfiedLinkError error) {
        return message(error).contains("already loaded in another classloader");
    }

    /** Whether the folder is to blame, and another one would do. */
    boolean isOfThePlace(UnsatisfiedLinkError error, Path file) {
        return message(error).contains("failed to map segment")
                || message(error).contains("Operation not permitted")
                || noexec(file);
    }

    /** One line: the cause, then the remedy. */
    String explain(Throwable error, Path file) {
        String message = message(error);
        if (error instanceof IllegalCallerException) {
            Module module = Diagnosis.class.getModule();
            return "this JVM denies native access ("
                    + message + "): start java with --enable-native-access="
                    + (module.isNamed()
                            ? module.getName() + ",org.bytedeco.javacpp"
                            : "ALL-UNNAMED");
        }
        if (mappings.musl()) {
            return "the C library of this JVM is musl, which is not supported: run it on a"
                    + " distribution with glibc (" + message + ")";
        }
        if (noexec(file)) {
            return file.getParent() + " is mounted noexec, so that no library can be loaded from"
                    + " it: name a folder without it by -D" + NativesFolder.PROPERTY + "=DIR";
        }
        if (message.contains("failed to map segment")) {
            return "the system does not let a library be mapped from " + file.getParent()
                    + ": name another folder by -D" + NativesFolder.PROPERTY + "=DIR (" + message
                    + ")";
        }
        Matcher version = VERSION.matcher(message);
        if (version.find()) {
            return tooOld(version.group(1), version.group(2), message);
        }
        if (NO_OPENSSL.matcher(message).find()) {
            return "this machine has no OpenSSL 3 that the dynamic linker finds: install it"
                    + " (Debian: libssl3), name its folder by -Djava.library.path=DIR, or run"
                    + " without -D" + Flavour.PROPERTY + "=system (" + message + ")";
        }
        if (message.contains("libstdc++.so.6: cannot open shared object file")) {
            return "this machine has no libstdc++: install it (Debian: libstdc++6) (" + message
                    + ")";
        }
        return message;
    }

    private static String tooOld(String library, String wanted, String message) {
        if (library.startsWith("OPENSSL")) {
            return "the OpenSSL of this machine is too old, " + wanted + " is needed: install a"
                    + " newer one, or run without -D" + Flavour.PROPERTY + "=system (" + message
                    + ")";
        }
        return "this machine's " + (library.equals("GLIBC") ? "glibc" : "libstdc++")
                + " is too old, " + wanted + " is needed: run on a newer distribution, or build"
                + " securepair-openssl on this one (" + message + ")";
    }

    /** By the options of the file system that the file is on: the last mount that it is under. */
    private boolean noexec(Path file) {
        String options = "";
        int longest = -1;
        for (String line : mounts) {
            String[] fields = line.split(" ");
            if (fields.length > 5) {
                // No Path: the locale may have no such name.
                String point = fields[4].replace("\\040", " ");
                if (isBelow(file.toString(), point) && point.length() >= longest) {
                    longest = point.length();
                    options = fields[5];
                }
            }
        }
        return List.of(options.split(",")).contains("noexec");
    }

    private static boolean isBelow(String file, String folder) {
        return file.equals(folder) // one that is mounted by itself
                || file.startsWith(folder.endsWith("/") ? folder : folder + "/");
    }

    /** Of the first that says something. */
    static String message(Throwable error) {
        for (Throwable e = error; e != null; e = e.getCause()) {
            if (e.getMessage() != null && !e.getMessage().isBlank()) {
                return e.getMessage();
            }
        }
        return error.toString();
    }
}
