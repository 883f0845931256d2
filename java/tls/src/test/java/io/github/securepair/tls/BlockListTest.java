package io.github.securepair.tls;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.github.securepair.errors.ArgumentException;
import io.github.securepair.net.BlockList;
import io.github.securepair.net.SocketAddress;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

import java.util.List;
import java.util.Map;
import java.util.stream.Stream;

/** The rules of {@code net.BlockList}, against what Node's answered. */
class BlockListTest {
    static Stream<Arguments> cases() {
        return ModuleTraces.cases("blockList");
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("cases")
    void answersAsNode(String name, Map<String, Object> recorded) {
        BlockList list = new BlockList();
        for (Object each : (List<?>) recorded.get("steps")) {
            Map<?, ?> step = (Map<?, ?>) each;
            Map<String, Object> actual =
                    ModuleTraces.attempt(() -> call(list, (List<?>) step.get("call")));
            assertEquals(step.get("error"), actual.get("error"), step.toString());
            assertEquals(step.get("ok"), actual.get("ok"), step.toString());
        }
        assertEquals(recorded.get("rules"), list.rules());
    }

    private static Object call(BlockList list, List<?> call) {
        String first = (String) call.get(1);
        String second = call.size() > 2 && call.get(2) instanceof String text ? text : null;
        String third = call.size() > 3 ? (String) call.get(3) : null;
        switch ((String) call.get(0)) {
            case "check":
                return second == null ? list.check(first) : list.check(first, second);
            case "addAddress":
                if (second == null) {
                    list.addAddress(first);
                } else {
                    list.addAddress(first, second);
                }
                return null;
            case "addRange":
                if (third == null) {
                    list.addRange(first, second);
                } else {
                    list.addRange(first, second, third);
                }
                return null;
            default:
                int prefix = ((Long) call.get(2)).intValue();
                if (third == null) {
                    list.addSubnet(first, prefix);
                } else {
                    list.addSubnet(first, prefix, third);
                }
                return null;
        }
    }

    @Test
    void socketAddressesAreTakenToo() {
        BlockList list = new BlockList();
        list.addAddress(new SocketAddress("1.2.3.4", 80, "ipv4", 0));
        list.addRange(new SocketAddress("::5"), new SocketAddress("::7"));
        list.addSubnet(new SocketAddress("10.0.0.0"), 8);
        assertTrue(list.check(new SocketAddress("::ffff:1.2.3.4")));
        assertTrue(list.check(new SocketAddress("::6", "IPv6")));
        assertFalse(list.check(new SocketAddress("::8")));
        assertTrue(list.check(new SocketAddress("10.255.0.1")));
        assertEquals(
                List.of("Subnet: IPv4 10.0.0.0/8", "Range: IPv6 ::5-::7", "Address: IPv4 1.2.3.4"),
                list.rules());
        assertThrows(ArgumentException.class, () -> list.check("1.2.3.4", null));
    }

    /** What Node 20 says of the same calls. */
    @Test
    void aRangeMayHaveEndsOfBothFamilies() {
        assertRange("::ffff:1.1.1.1", "1.1.1.10", "IPv6 ::ffff:1.1.1.1-1.1.1.10", true, true);
        assertRange("1.1.1.1", "::ffff:1.1.1.10", "IPv4 1.1.1.1-::ffff:1.1.1.10", true, true);
        assertRange("1.1.1.1", "::5", "IPv4 1.1.1.1-::5", false, false);
        assertRange("::1", "1.1.1.10", "IPv6 ::1-1.1.1.10", false, true);
        assertRange("ffff::1", "1.1.1.10", "IPv6 ffff::1-1.1.1.10", false, false);
        BlockList list = new BlockList();
        SocketAddress low = new SocketAddress("::ffff:1.1.1.1");
        SocketAddress high = new SocketAddress("1.1.1.10");
        assertThrows(ArgumentException.class, () -> list.addRange(high, low));
        assertThrows(
                ArgumentException.class,
                () -> list.addRange(
                        new SocketAddress("::ffff:1.1.1.10"), new SocketAddress("1.1.1.1")));
        assertEquals(List.of(), list.rules());
    }

    private static void assertRange(
            String start, String end, String rule, boolean four, boolean mapped) {
        BlockList list = new BlockList();
        list.addRange(new SocketAddress(start), new SocketAddress(end));
        assertEquals(List.of("Range: " + rule), list.rules());
        assertEquals(four, list.check("1.1.1.5"));
        assertEquals(mapped, list.check("::ffff:1.1.1.5", "ipv6"));
        assertFalse(list.check("1.1.1.20"));
        assertFalse(list.check("::5", "ipv6"));
    }

    @Test
    void aSocketAddressIsWhatNodeMakesOfIt() {
        SocketAddress all = new SocketAddress("0:0::1", 80, "IPV6", 7);
        assertEquals(
                "SocketAddress { address: '::1', port: 80, family: 'ipv6', flowlabel: 7 }",
                all.toString());
        assertEquals(
                "SocketAddress { address: '127.0.0.1', port: 0, family: 'ipv4', flowlabel: 0 }",
                new SocketAddress().toString());
        assertEquals(
                "options.port should be >= 0 and < 65536. Received type number (70000).",
                assertThrows(
                                ArgumentException.class,
                                () -> new SocketAddress("1.2.3.4", 70000, "ipv4", 0))
                        .getMessage());
        assertEquals(
                "ERR_OUT_OF_RANGE",
                assertThrows(ArgumentException.class, () -> new SocketAddress("::1", 1, "ipv6", -1))
                        .code());
        assertThrows(
                ArgumentException.class, () -> new SocketAddress("::1", 1, "ipv6", 0x100000000L));
        assertEquals(0xffffffffL, new SocketAddress("::1", 1, "ipv6", 0xffffffffL).flowlabel());
        assertEquals(0, new SocketAddress("1.2.3.4", 1, "ipv4", 7).flowlabel());
    }
}
