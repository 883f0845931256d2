package io.github.securepair.openssl;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.channels.Channels;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.channels.OverlappingFileLockException;
import java.nio.file.AccessDeniedException;
import java.nio.file.DirectoryStream;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.LinkOption;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.FileAttribute;
import java.nio.file.attribute.PosixFilePermission;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ThreadLocalRandom;

/**
 * A folder that libraries are unpacked to. No other user can write in it, nor put another folder in
 * its place; its name stands for the contents, so that versions never meet; a file appears in it
 * whole, by a rename. Whatever lies there is taken only if it is ours and its hash is right.
 *
 * <p>Which folder: {@value #PROPERTY} names it, or else it is the user's cache, or else a fresh
 * private one for this process, in {@code java.io.tmpdir} or, where others may rename what is in
 * that, in {@code /tmp}.
 */
final class NativesFolder {
    /** The system property that names the folder; there is no other then. */
    static final String PROPERTY = "securepair.natives.dir";

    private static final String TEMPORARY = "securepair-natives-";
    private static final String LOCK = "lock";
    private static final String UNFINISHED = ".new";
    private static final Set<PosixFilePermission> FOLDER =
            PosixFilePermissions.fromString("rwx------");
    private static final Set<PosixFilePermission> FILE =
            PosixFilePermissions.fromString("rw-------");
    private static final FileAttribute<?> FOLDER_ATTRIBUTE =
            PosixFilePermissions.asFileAttribute(FOLDER);
    private static final FileAttribute<?> FILE_ATTRIBUTE =
            PosixFilePermissions.asFileAttribute(FILE);
    private static final int OTHERS_WRITE = 0022;
    private static final int STICKY = 01000;

    /** Held while this process, or the class loader of this class, lives. */
    private static FileLock alive;

    /** What is tried, in order. */
    enum Kind {
        NAMED,
        CACHE,
        TEMPORARY,
        TMP
    }

    private static final String USUAL_TMP = "/tmp";

    private final Path folder;
    private final Kind kind;
    private final long uid;

    private NativesFolder(Path folder, Kind kind, long uid) {
        this.folder = folder;
        this.kind = kind;
        this.uid = uid;
    }

    /** What there is to try. */
    static List<Kind> kinds() {
        if (named() != null) {
            return List.of(Kind.NAMED);
        }
        return tmpdir().equals(USUAL_TMP)
                ? List.of(Kind.CACHE, Kind.TEMPORARY)
                : List.of(Kind.CACHE, Kind.TEMPORARY, Kind.TMP);
    }

    private static String named() {
        String value = System.getProperty(PROPERTY);
        return value == null || value.isBlank() ? null : value;
    }

    /**
     * Makes the folder unless it is there, and makes sure of it.
     *
     * @throws IOException says which folder, and why it will not do
     */
    static NativesFolder open(Kind kind, String key) throws IOException {
        long uid = uid();
        try {
            Path folder = switch (kind) {
                case NAMED -> {
                    Path dir = Path.of(named()).toAbsolutePath().normalize();
                    yield make(base(dir, uid, true), Path.of(key), uid);
                }
                case CACHE ->
                    make(base(cache(), uid, false), Path.of("securepair", "natives", key), uid);
                case TEMPORARY -> temporary(Path.of(tmpdir()), uid);
                case TMP -> temporary(Path.of(USUAL_TMP), uid);
            };
            return new NativesFolder(folder, kind, uid);
        } catch (FileSystemException e) {
            throw new IOException(text(e), e);
        } catch (InvalidPathException e) { // a home with an umlaut, and LC_ALL=C
            throw new IOException(
                    e.getInput() + " is no name of a file in this locale (sun.jnu.encoding is "
                            + System.getProperty("sun.jnu.encoding") + ")",
                    e);
        }
    }

    Path folder() {
        return folder;
    }

    /** Whether what lies in the folder under a name had the hash that belongs to the folder. */
    boolean keyed() {
        return kind == Kind.NAMED || kind == Kind.CACHE;
    }

    // ---- folders ----

    private static String tmpdir() {
        return System.getProperty("java.io.tmpdir", USUAL_TMP);
    }

    private static Path cache() throws IOException {
        String cache = System.getenv("XDG_CACHE_HOME");
        if (cache != null && cache.startsWith("/")) {
            return Path.of(cache).normalize();
        }
        // "?" for a user without an entry in /etc/passwd; a relative folder can be any user's.
        String home = System.getProperty("user.home", "");
        if (!home.startsWith("/") || !Files.isDirectory(Path.of(home))) {
            throw new IOException("the user has no home folder (user.home is \"" + home + "\")");
        }
        return Path.of(home, ".cache");
    }

    /** The folder itself, free of links; made when missing, below one that is sure. */
    private static Path base(Path dir, long uid, boolean named) throws IOException {
        Path there = dir;
        while (!Files.exists(there)) {
            if (Files.isSymbolicLink(there)) {
                throw new IOException(there + " is a symbolic link to nothing");
            }
            there = there.getParent();
        }
        Path real = there.toRealPath();
        demandOwners(real, uid, 0);
        if (!named) { // naming one vouches for it: a container's volume may be writable for all
            demandSafe(real);
        }
        return there.equals(dir) ? real : make(real, there.relativize(dir), uid);
    }

    /**
     * Demands that this folder and those above it belong to this user or to root.
     *
     * @param system whose folders are as good as the user's and root's; 0 for no user's
     */
    private static void demandOwners(Path real, long uid, long system) throws IOException {
        for (Path ancestor = real; ancestor != null; ancestor = ancestor.getParent()) {
            long owner = owner(attributes(ancestor));
            if (owner != uid && owner != 0 && owner != system) {
                throw new IOException(ancestor + " belongs to another user (uid " + owner + ")");
            }
        }
    }

    /** Demands that no other user can put another folder in the place of this one. */
    private static void demandSafe(Path real) throws IOException {
        for (Path ancestor = real; ancestor != null; ancestor = ancestor.getParent()) {
            int mode = (int) attributes(ancestor).get("mode");
            if ((mode & OTHERS_WRITE) != 0 && (mode & STICKY) == 0) {
                throw new IOException("other users can write in " + ancestor);
            }
        }
    }

    /** Makes each of the folders below a base unless it is there. */
    private static Path make(Path base, Path folders, long uid) throws IOException {
        Path folder = base;
        for (Path name : folders) {
            folder = folder.resolve(name);
            try {
                Files.createDirectory(folder, FOLDER_ATTRIBUTE);
                Files.setPosixFilePermissions(folder, FOLDER); // whatever the umask
            } catch (FileAlreadyExistsException e) {
                // It is looked at like a new one.
            } catch (FileSystemException e) {
                if (!Files.exists(folder, LinkOption.NOFOLLOW_LINKS)) { // on a read-only one, too
                    throw e;
                }
            }
            demandOwn(folder, uid);
        }
        return folder;
    }

    private static void demandOwn(Path folder, long uid) throws IOException {
        Map<String, Object> attributes = attributes(folder);
        if (!Boolean.TRUE.equals(attributes.get("isDirectory"))) {
            throw new IOException(folder + " is a symbolic link or no folder");
        }
        long owner = owner(attributes);
        if (owner != uid && owner != 0) {
            throw new IOException(folder + " belongs to another user (uid " + owner + ")");
        }
        if (((int) attributes.get("mode") & OTHERS_WRITE) != 0) {
            throw new IOException("other users can write in " + folder);
        }
    }

    /** A folder for this process alone. It goes when the JVM ends, or else with {@link #sweep}. */
    private static Path temporary(Path tmp, long uid) throws IOException {
        Path parent = tmp.toRealPath();
        demandOwners(parent, uid, unmapped());
        demandSafe(parent);
        sweep(parent, uid);
        String prefix = TEMPORARY + ProcessHandle.current().pid() + "-";
        Path folder = Files.createTempDirectory(parent, prefix, FOLDER_ATTRIBUTE);
        folder.toFile().deleteOnExit(); // strings in a list of the JDK: keeps no class loader
        Files.setPosixFilePermissions(folder, FOLDER);
        Path lock = folder.resolve(LOCK);
        lock.toFile().deleteOnExit();
        FileChannel channel = FileChannel.open(
                lock,
                Set.of(StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE),
                FILE_ATTRIBUTE);
        try {
            alive = channel.tryLock();
        } catch (IOException e) {
            // A file system without locks: an abandoned folder cannot be recognized.
            channel.close();
        }
        return folder;
    }

    /** Removes what killed processes of this user left: the lock in it is free. */
    private static void sweep(Path parent, long uid) {
        try (DirectoryStream<Path> folders = Files.newDirectoryStream(parent, TEMPORARY + "*")) {
            for (Path folder : folders) {
                sweepOne(folder, uid);
            }
        } catch (IOException e) {
            // Only housekeeping.
        }
    }

    /**
     * Whether this process made it. Closing a file drops all locks that this process has on it: it
     * keeps off its own. In a container the process before had the same number.
     */
    private static boolean isOurs(Path folder) throws IOException {
        ProcessHandle us = ProcessHandle.current();
        Instant start = us.info().startInstant().orElse(Instant.EPOCH);
        return folder.getFileName().toString().startsWith(TEMPORARY + us.pid() + "-")
                && !changed(folder).isBefore(start.minusSeconds(5));
    }

    private static void sweepOne(Path folder, long uid) {
        try {
            Map<String, Object> attributes = attributes(folder);
            if (owner(attributes) != uid
                    || !Boolean.TRUE.equals(attributes.get("isDirectory"))
                    || isOurs(folder)
                    || !abandoned(folder)) {
                return;
            }
            try (DirectoryStream<Path> files = Files.newDirectoryStream(folder)) {
                for (Path file : files) {
                    Files.deleteIfExists(file);
                }
            }
            Files.deleteIfExists(folder);
        } catch (IOException e) {
            // It is another's turn, or another process was faster.
        }
    }

    private static boolean abandoned(Path folder) throws IOException {
        try (FileChannel channel = FileChannel.open(
                        folder.resolve(LOCK), StandardOpenOption.WRITE, LinkOption.NOFOLLOW_LINKS);
                FileLock lock = channel.tryLock()) {
            return lock != null;
        } catch (NoSuchFileException e) {
            return old(folder); // perhaps about to make it
        } catch (OverlappingFileLockException e) {
            return false;
        }
    }

    private static boolean old(Path file) throws IOException {
        return changed(file).isBefore(Instant.now().minus(Duration.ofHours(1)));
    }

    private static Instant changed(Path file) throws IOException {
        return Files.getLastModifiedTime(file, LinkOption.NOFOLLOW_LINKS).toInstant();
    }

    // ---- files ----

    /**
     * Returns the library in this folder, unpacking it unless it is there as it was shipped.
     *
     * @param name what it is to be called here
     */
    Path put(Shipment shipment, String library, String name) throws IOException {
        Path file = folder.resolve(name);
        String hash = shipment.sha256(library);
        try {
            if (!sound(file, hash)) {
                unpack(shipment, library, hash, file);
            }
        } catch (FileSystemException e) {
            throw new IOException(text(e), e);
        }
        return file;
    }

    /** Whether it is a plain file that only we can write, with those contents. */
    private boolean sound(Path file, String hash) throws IOException {
        Map<String, Object> attributes;
        try {
            attributes = attributes(file);
        } catch (NoSuchFileException e) {
            return false;
        }
        long owner = owner(attributes);
        return Boolean.TRUE.equals(attributes.get("isRegularFile"))
                && (owner == uid || owner == 0)
                && ((int) attributes.get("mode") & OTHERS_WRITE) == 0
                && Hash.of(file).equals(hash);
    }

    private void unpack(Shipment shipment, String library, String hash, Path file)
            throws IOException {
        removeUnfinished();
        Path unfinished = folder.resolve("." + file.getFileName() + "."
                + ProcessHandle.current().pid() + "."
                + Long.toHexString(ThreadLocalRandom.current().nextLong()) + UNFINISHED);
        try {
            String found;
            try (InputStream in = shipment.open(library);
                    OutputStream out = Channels.newOutputStream(Files.newByteChannel(
                            unfinished,
                            Set.of(StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE),
                            FILE_ATTRIBUTE))) {
                found = Hash.copy(in, out);
            } catch (FileSystemException e) {
                throw e;
            } catch (IOException e) { // "No space left on device" comes without a file
                throw new IOException(file + ": " + e.getMessage(), e);
            }
            if (!found.equals(hash)) {
                throw Shipment.failure(
                        "securepair-openssl is damaged: " + library
                                + " in it is not what was built (SHA-256 " + found + ", not "
                                + hash + ")",
                        null);
            }
            Files.setPosixFilePermissions(unfinished, FILE); // whatever the umask
            if (!keyed()) {
                file.toFile().deleteOnExit();
            }
            Files.move(unfinished, file, StandardCopyOption.ATOMIC_MOVE);
        } finally {
            Files.deleteIfExists(unfinished);
        }
    }

    /** What killed processes left. */
    private void removeUnfinished() throws IOException {
        List<Path> files = new ArrayList<>();
        try (DirectoryStream<Path> all = Files.newDirectoryStream(folder, ".*" + UNFINISHED)) {
            all.forEach(files::add);
        }
        for (Path file : files) {
            try {
                if (old(file)) {
                    Files.deleteIfExists(file);
                }
            } catch (IOException e) {
                // Another process was faster.
            }
        }
    }

    // ---- what the system says ----

    private static Map<String, Object> attributes(Path file) throws IOException {
        return Files.readAttributes(
                file, "unix:mode,uid,isDirectory,isRegularFile", LinkOption.NOFOLLOW_LINKS);
    }

    private static long owner(Map<String, Object> attributes) {
        return Integer.toUnsignedLong((int) attributes.get("uid"));
    }

    /** The user that this process makes files as. */
    private static long uid() throws IOException {
        try {
            for (String line : Files.readAllLines(Path.of("/proc/self/status"))) {
                if (line.startsWith("Uid:")) {
                    String[] uids = line.strip().split("\\s+");
                    return Long.parseLong(uids[uids.length - 1]);
                }
            }
        } catch (IOException e) {
            // No /proc: a file of ours knows it, too.
        }
        Path file = Files.createTempFile(TEMPORARY, null, FILE_ATTRIBUTE);
        try {
            return owner(attributes(file));
        } finally {
            Files.delete(file);
        }
    }

    /** Whose root's files are in a sandbox (a user namespace) that does not have root; else 0. */
    private static long unmapped() {
        try {
            // By lines: the kernel gives the second number at once or, byte by byte, only a part.
            String map = Files.readAllLines(Path.of("/proc/self/uid_map")).toString();
            return map.matches("\\[\\s*0\\s+0\\s+4294967295]")
                    ? 0
                    : Long.parseLong(Files.readAllLines(Path.of("/proc/sys/kernel/overflowuid"))
                            .get(0));
        } catch (IOException | NumberFormatException e) {
            return 0;
        }
    }

    private static String text(FileSystemException e) {
        String reason = e.getReason();
        if (e instanceof NoSuchFileException) {
            reason = "No such file or directory";
        } else if (e instanceof AccessDeniedException) {
            reason = "Permission denied";
        } else if (reason == null) {
            reason = e.getClass().getSimpleName();
        }
        return e.getFile() + ": " + reason;
    }
}
