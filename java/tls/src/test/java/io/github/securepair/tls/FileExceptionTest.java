package io.github.securepair.tls;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assumptions.assumeFalse;

import io.github.securepair.errors.Coded;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.function.Executable;
import org.junit.jupiter.api.io.TempDir;

import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/** Every option that takes a file says what is wrong with it as Node's fs does. */
class FileExceptionTest {
    private static Executable making(SecureContextOptions options) {
        return () -> TLS.createSecureContext(options).close();
    }

    private static Map<String, Executable> everyOption(Path file) {
        Map<String, Executable> out = new TreeMap<>();
        out.put("key", making(new SecureContextOptions().key(file)));
        out.put("cert", making(new SecureContextOptions().cert(file)));
        out.put("ca", making(new SecureContextOptions().ca(file)));
        out.put("ca in a list", making(new SecureContextOptions().ca(List.of(file))));
        out.put(
                "crl",
                making(new SecureContextOptions()
                        .ca(LoopTest.fixture("ca1-cert.pem"))
                        .crl(file)));
        out.put("pfx", making(new SecureContextOptions().pfx(file)));
        out.put("dhparam", making(new SecureContextOptions().dhparam(file)));
        out.put("keyStore", () -> new SecureContextOptions().keyStore(file, new char[0]));
        out.put("trustStore", () -> new SecureContextOptions().trustStore(file, null));
        return out;
    }

    private static void assertCode(
            String code, int errno, String message, String syscall, String path, Path file) {
        everyOption(file).forEach((option, call) -> {
            FileException error = assertThrows(FileException.class, call, option);
            assertEquals(code, Coded.codeOf(error), option);
            assertEquals(errno, error.errno(), option);
            assertEquals(syscall, error.syscall(), option);
            assertEquals(path, error.path(), option);
            assertEquals(message, error.getMessage(), option);
        });
    }

    @Test
    void aFileThatIsNotThere() {
        Path file = Path.of("/no/such/permission denied.pem");
        assertCode(
                "ENOENT",
                -2,
                "ENOENT: no such file or directory, open '" + file + "'",
                "open",
                file.toString(),
                file);
    }

    @Test
    void aDirectory(@TempDir Path dir) {
        assertCode(
                "EISDIR", -21, "EISDIR: illegal operation on a directory, read", "read", null, dir);
        assertNull(assertThrows(FileException.class, making(new SecureContextOptions().key(dir)))
                .path());
    }

    @Test
    void aFileBelowAFile() {
        Path file = LoopTest.fixture("ca1-cert.pem").resolve("x");
        assertCode(
                "ENOTDIR",
                -20,
                "ENOTDIR: not a directory, open '" + file + "'",
                "open",
                file.toString(),
                file);
    }

    @Test
    void aFileThatMayNotBeRead(@TempDir Path dir) throws Exception {
        Path file = Files.createFile(
                dir.resolve("key.pem"),
                PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("-w-------")));
        assumeFalse(Files.isReadable(file), "who runs this may read everything");
        assertCode(
                "EACCES",
                -13,
                "EACCES: permission denied, open '" + file + "'",
                "open",
                file.toString(),
                file);
    }
}
