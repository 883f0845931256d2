package io.github.securepair.errors;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;

import org.junit.jupiter.api.Test;

import java.io.IOException;

class ErrorsTest {
    /** As an exception of a lower layer that cannot know {@link Coded}. */
    public static final class Foreign extends IOException {
        private static final long serialVersionUID = 1L;

        public String code() {
            return "ERR_FOREIGN";
        }
    }

    @Test
    void argumentErrorsReadAsInNode() {
        assertEquals(
                "The \"size\" argument must be of type number. Received type string ('12')",
                ArgumentException.invalidArgType("size", "of type number", "12").getMessage());
        assertEquals(
                "The \"options.ca\" property must be of type string. Received an instance of"
                        + " Object",
                ArgumentException.invalidArgType("options.ca", "of type string", new Object())
                        .getMessage());
        assertEquals(
                "The \"flag\" argument must be of type string. Received type boolean (true)",
                ArgumentException.invalidArgType("flag", "of type string", true).getMessage());
        assertEquals(
                "The \"text\" argument must be of type number."
                        + " Received type string ('abcdefghijklmnopqrstuvwxy...')",
                ArgumentException.invalidArgType(
                                "text", "of type number", "abcdefghijklmnopqrstuvwxyz0123")
                        .getMessage());
        assertEquals(
                "The argument 'size' is invalid. Received 'x'",
                ArgumentException.invalidArgValue("size", "x").getMessage());
        assertEquals(
                "The property 'options.highWaterMark' is invalid. Received -1",
                ArgumentException.invalidArgValue("options.highWaterMark", -1).getMessage());
        assertEquals(
                "The value of \"size\" is out of range. It must be <= 1GiB. Received 5_000_000_000",
                ArgumentException.outOfRange("size", "<= 1GiB", 5_000_000_000L).getMessage());
        assertEquals(
                "Unknown encoding: rot13",
                ArgumentException.unknownEncoding("rot13").getMessage());
    }

    @Test
    void systemErrorsCarryNodesProperties() {
        SystemException refused =
                SystemException.ofAddress("ECONNREFUSED", "connect", "127.0.0.1", 443);
        assertEquals("connect ECONNREFUSED 127.0.0.1:443", refused.getMessage());
        assertEquals(-111, refused.errno());
        assertEquals("connect", refused.syscall());
        assertEquals("127.0.0.1", refused.address());
        assertEquals(443, refused.port());
        assertNull(refused.path());
        assertEquals(
                "listen EADDRINUSE: address already in use :::80",
                SystemException.describedAddress("EADDRINUSE", "listen", "::", 80)
                        .getMessage());
        assertEquals(
                "connect ENOENT /run/x",
                SystemException.ofPath("ENOENT", "connect", "/run/x").getMessage());
        SystemException hangUp = SystemException.plain("ECONNRESET", "socket hang up");
        assertEquals(0, hangUp.errno());
        assertEquals("ECONNRESET", hangUp.code());
    }

    @Test
    void theCodeOfAnyThrowableIsFound() {
        assertEquals("E", Coded.codeOf(new CodedException("E", "m")));
        assertEquals("ERR_FOREIGN", Coded.codeOf(new Foreign()));
        assertNull(Coded.codeOf(new IOException()));
        assertNull(Coded.codeOf(null));
    }
}
