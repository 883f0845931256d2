package io.github.securepair.openssl;

import java.io.File;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.Charset;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/**
 * Loads our libraries, and makes sure that the OpenSSL they are bound to is the one that was meant.
 * JavaCPP's loader has no part in it: it trusts a cache that others may write in.
 *
 * <p>Called from the initializers of the generated classes, in one order: those of {@link Crypto}
 * and {@link Ssl} first initialize {@link Glue}, and only then is the lock of this class taken.
 * What is done under that lock initializes none of them.
 *
 * <p>A JNI library belongs to one class loader, and what it knows of classes and callbacks outlives
 * that. So each class loader that has this class gets an image of its own: the second one loads a
 * copy. libcrypto and libssl, which know nothing of Java, are in the process once.
 */
final class NativeLoader {
    private static final long OLDEST = 0x30000000L;
    private static final String JNI_GLUE = "libjnisecurepair.so";

    private static Shipment shipment;

    /** The folder that libcrypto and libssl were to come from; null when the linker chose it. */
    private static Path meant;

    /** Whether a file that vanished from {@link #meant} is the same when it is there again. */
    private static boolean keyed;

    /** Where something was unpacked: tried first for what comes after it. */
    private static NativesFolder place;

    /** What failed once is not tried again; the same error is thrown again. */
    private static volatile UnsatisfiedLinkError failure;

    private NativeLoader() {}

    /** For the initializer of {@link Glue}, before its first native method is called. */
    static void glue() {
        try {
            load(JNI_GLUE);
            demandWhatWasMeant();
        } catch (UnsatisfiedLinkError e) {
            failure = e;
            throw e;
        } catch (RuntimeException e) {
            // Foreseen by nothing here. The JVM would say why once, and then only that it was so.
            failure = Shipment.failure("OpenSSL's libraries cannot be loaded: " + e, e);
            throw failure;
        }
    }

    /**
     * For the initializers of {@link Crypto} and {@link Ssl}.
     *
     * @param headers the version they were generated from
     */
    static void raw(String library, long headers) {
        long found = Glue.sp_library_version();
        if (found < headers) {
            throw new UnsatisfiedLinkError("The raw functions were generated from OpenSSL "
                    + text(headers) + " and do not run on OpenSSL " + text(found) + " ("
                    + bound(Glue.SP_FILE_LIBCRYPTO) + "), which is older: run without -D"
                    + Flavour.PROPERTY + "=system, or on a newer OpenSSL");
        }
        List<Path> before = Mappings.now().named("libcrypto");
        load(library);
        List<Path> after = Mappings.now().named("libcrypto");
        if (!after.equals(before)) {
            throw new UnsatisfiedLinkError("the raw functions run on another OpenSSL than the glue:"
                    + " " + before + " was mapped, now " + after + " is");
        }
    }

    /** Throws what loading the glue failed with, if it did. */
    static void rethrow() {
        UnsatisfiedLinkError first = failure;
        if (first != null) {
            throw Shipment.failure(first.getMessage(), first);
        }
    }

    /** What was loaded; the glue is. */
    static synchronized Shipment shipment() {
        return shipment;
    }

    /** The file that the glue's calls of a library go to. */
    static Path bound(int library) {
        byte[] name = new byte[4096];
        ByteBuffer buffer = ByteBuffer.allocateDirect(name.length);
        long length = Glue.sp_library_file(library, Glue.address(buffer), name.length);
        if (length <= 0 || length > name.length) {
            return null;
        }
        buffer.get(name);
        Path file = Path.of(new String(name, 0, (int) length, charset()));
        try {
            return file.toRealPath();
        } catch (IOException e) { // deleted meanwhile
            return file.toAbsolutePath().normalize();
        }
    }

    /** The encoding of file names. */
    private static Charset charset() {
        String name = System.getProperty("sun.jnu.encoding", "UTF-8");
        return Charset.isSupported(name) ? Charset.forName(name) : StandardCharsets.UTF_8;
    }

    /** 0x30500070 as 3.5.7. */
    static String text(long number) {
        return (number >> 28) + "." + (number >> 20 & 0xff) + "." + (number >> 4 & 0xff);
    }

    // ---- loading ------------------------------------------------------------------------------

    private static synchronized void load(String jni) {
        if (shipment == null) {
            shipment = Shipment.chosen();
        }
        List<String> refusals = new ArrayList<>();
        if (place != null && loadFrom(place, jni, refusals) || loadInPlace(jni, refusals)) {
            return;
        }
        for (NativesFolder.Kind kind : NativesFolder.kinds()) {
            try {
                NativesFolder next = NativesFolder.open(kind, shipment.key());
                if (loadFrom(next, jni, refusals)) {
                    return;
                }
            } catch (IOException e) {
                refusals.add(Diagnosis.message(e));
            }
        }
        throw new UnsatisfiedLinkError("OpenSSL's libraries cannot be unpacked: "
                + String.join("; ", refusals) + ". Name a folder that only this user can write in,"
                + " and that is not mounted noexec, by -D" + NativesFolder.PROPERTY + "=DIR");
    }

    /** From a folder of the class path, without a copy. */
    private static boolean loadInPlace(String jni, List<String> refusals) {
        Path file = shipment.onDisk(jni);
        if (file == null) {
            return false;
        }
        try {
            Path folder = file.getParent().toRealPath();
            Mappings mappings = Mappings.now();
            if (mappings.has(folder.resolve(jni))) {
                return false; // by another class loader: this one needs a copy
            }
            List<Path> libraries = new ArrayList<>();
            for (String library : missing(mappings)) {
                libraries.add(folder.resolve(library));
            }
            return loadAll(libraries, folder.resolve(jni), false, refusals);
        } catch (IOException e) {
            refusals.add(Diagnosis.message(e));
            return false;
        }
    }

    private static boolean loadFrom(NativesFolder from, String jni, List<String> refusals) {
        Mappings mappings = Mappings.now();
        try {
            List<Path> libraries = new ArrayList<>();
            for (String library : missing(mappings)) {
                libraries.add(from.put(shipment, library, library));
            }
            boolean loaded = false;
            for (int copy = 0; !loaded; copy++) {
                String name = copy == 0 ? jni : jni.replace(".so", "." + copy + ".so");
                if (!mappings.has(from.folder().resolve(name))) {
                    Path file = from.put(shipment, jni, name);
                    int before = refusals.size();
                    loaded = loadAll(libraries, file, from.keyed(), refusals);
                    if (refusals.size() > before) {
                        return false;
                    }
                }
            }
            place = from;
            return true;
        } catch (IOException e) {
            refusals.add(Diagnosis.message(e));
            return false;
        }
    }

    /** The names of libcrypto and libssl, in the order in which they are loaded. */
    private static List<String> names() {
        return shipment.flavour == Flavour.SYSTEM
                ? List.of("libcrypto.so.3", "libssl.so.3")
                : List.of(shipment.library("libcrypto"), shipment.library("libssl"));
    }

    /** Which of the libraries that we bring are not in the process yet. */
    private static List<String> missing(Mappings mappings) {
        return shipment.flavour == Flavour.SYSTEM
                ? List.of()
                : names().stream()
                        .filter(name -> mappings.named(name).isEmpty())
                        .toList();
    }

    /**
     * Loads the libraries, then the JNI library that needs them. False with a refusal when another
     * folder may do, false without one when this file is another class loader's.
     */
    private static boolean loadAll(
            List<Path> libraries, Path jni, boolean contents, List<String> refusals) {
        Path current = jni;
        try {
            boolean system = shipment.flavour == Flavour.SYSTEM;
            meant = system ? null : jni.getParent();
            keyed = contents;
            for (Path library : system ? machines() : libraries) {
                current = library;
                loadShared(library);
                meant = library.getParent();
            }
            current = jni;
            System.load(jni.toString());
            return true;
        } catch (UnsatisfiedLinkError e) {
            if (Diagnosis.isTaken(e)) {
                return false;
            }
            Diagnosis diagnosis = Diagnosis.now();
            String reason = diagnosis.explain(e, current);
            if (current == jni || shipment.flavour == Flavour.BUNDLED) {
                if (diagnosis.isOfThePlace(e, current)) {
                    refusals.add(reason);
                    return false;
                }
            }
            throw Shipment.failure("OpenSSL's libraries cannot be loaded: " + reason, e);
        } catch (RuntimeException e) { // IllegalCallerException
            throw Shipment.failure(
                    "OpenSSL's libraries cannot be loaded: " + Diagnosis.now().explain(e, current),
                    e);
        }
    }

    /**
     * A library is the whole process's; that another class loader had it loaded first makes no
     * difference.
     */
    private static void loadShared(Path library) {
        try {
            System.load(library.toString());
        } catch (UnsatisfiedLinkError e) {
            if (!Diagnosis.isTaken(e)) {
                throw e;
            }
        }
    }

    /**
     * The machine's libraries, if java.library.path names their folder; else the linker finds them.
     */
    private static List<Path> machines() {
        for (String folder :
                System.getProperty("java.library.path", "").split(File.pathSeparator)) {
            if (!folder.isEmpty()) {
                List<Path> files = names().stream()
                        .map(name -> Path.of(folder, name).toAbsolutePath())
                        .toList();
                if (files.stream().allMatch(Files::isRegularFile)) {
                    return files;
                }
            }
        }
        return List.of();
    }

    // ---- what came of it ----------------------------------------------------------------------

    /** The initializer of Glue runs on this thread, so that its methods can be called. */
    private static void demandWhatWasMeant() {
        List<String> names = names();
        Path libcrypto = bound(Glue.SP_FILE_LIBCRYPTO);
        Path libssl = bound(Glue.SP_FILE_LIBSSL);
        Mappings mappings = Mappings.now();
        demand(names.get(0), libcrypto, mappings);
        demand(names.get(1), libssl, mappings);
        if (shipment.flavour == Flavour.SYSTEM && !folder(libcrypto).equals(folder(libssl))) {
            throw mismatch("libcrypto is " + libcrypto + ", but libssl is " + libssl);
        }
        long version = Glue.sp_library_version();
        if (shipment.flavour == Flavour.BUNDLED
                && !text(version).equals(shipment.property("version"))) {
            throw mismatch(libcrypto + " is version " + text(version) + ", not "
                    + shipment.property("version"));
        }
        if (version < OLDEST) {
            throw new UnsatisfiedLinkError("OpenSSL " + text(version) + " (" + libcrypto
                    + ") is too old: the glue was compiled against "
                    + text(Glue.sp_library_header_version()) + " and needs 3.0 or newer");
        }
    }

    private static void demand(String name, Path file, Mappings mappings) {
        if (file == null || !mappings.unknown() && !mappings.has(file)) {
            throw mismatch("calls of " + name + " go to " + file + ", which is not mapped");
        }
        Path expected = meant == null ? null : meant.resolve(name);
        if (mappings.replaced(file)) {
            if (!keyed || !file.equals(expected)) {
                throw mismatch(file + " is loaded, but was replaced on the disk since: start the"
                        + " JVM again");
            }
            return;
        }
        try {
            boolean same =
                    expected != null && Files.exists(expected) && Files.isSameFile(file, expected);
            if (shipment.flavour == Flavour.SYSTEM
                    ? expected != null && !same
                    : !same && !Hash.of(file).equals(shipment.sha256(name))) {
                throw mismatch(file + " is loaded" + (expected == null ? "" : ", not " + expected));
            }
        } catch (IOException e) {
            throw mismatch(file + " is loaded, and cannot be read: " + e.getMessage());
        }
    }

    /** /lib and /usr/lib are one, whether or not the machine has them so. */
    private static String folder(Path file) {
        return String.valueOf(file.getParent()).replaceFirst("^/usr/", "/");
    }

    private static UnsatisfiedLinkError mismatch(String what) {
        return new UnsatisfiedLinkError("the OpenSSL in this process is not the one that was"
                + " meant: " + what
                + (shipment.flavour == Flavour.BUNDLED
                        ? ". Another version of securepair in this JVM, or one that"
                                + " LD_LIBRARY_PATH or LD_PRELOAD names, has to go"
                        : ". Something else in this process brought an OpenSSL 3 of its own: run"
                                + " without -D" + Flavour.PROPERTY + "=system"));
    }
}
