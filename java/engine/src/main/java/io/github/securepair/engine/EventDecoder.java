package io.github.securepair.engine;

import io.github.securepair.engine.ConnectionEvent.AlertEvent;
import io.github.securepair.engine.ConnectionEvent.CertificateRequest;
import io.github.securepair.engine.ConnectionEvent.ClientCertificate;
import io.github.securepair.engine.ConnectionEvent.ClientHello;
import io.github.securepair.engine.ConnectionEvent.Extension;
import io.github.securepair.engine.ConnectionEvent.HandshakeDone;
import io.github.securepair.engine.ConnectionEvent.HandshakeStart;
import io.github.securepair.engine.ConnectionEvent.KeyLog;
import io.github.securepair.engine.ConnectionEvent.Message;
import io.github.securepair.engine.ConnectionEvent.NewSession;
import io.github.securepair.engine.ConnectionEvent.OCSPResponse;
import io.github.securepair.engine.ConnectionEvent.RenegotiationRequest;
import io.github.securepair.engine.ConnectionEvent.Trace;
import io.github.securepair.engine.internal.Outputs;
import io.github.securepair.openssl.Glue;

import java.nio.BufferUnderflowException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Queue;

/** Turns the encoded events of sp_conn_take_events() into objects. */
final class EventDecoder {
    private static final byte[] NONE = {};

    private final ByteBuffer from;

    private EventDecoder(ByteBuffer from) {
        this.from = from;
    }

    /** Appends the events in the first {@code length} bytes. Returns how many there were. */
    static int decode(ByteBuffer memory, int length, Queue<ConnectionEvent> to) {
        ByteBuffer from =
                memory.duplicate().order(ByteOrder.nativeOrder()).limit(length).position(0);
        EventDecoder decoder = new EventDecoder(from);
        int count = 0;
        while (from.hasRemaining()) {
            int type = from.getShort() & 0xFFFF;
            from.getShort();
            int sequence = from.getInt();
            int offset = from.getInt();
            int end = from.getInt() + from.position();
            ConnectionEvent event = decoder.event(type, sequence, offset);
            if (event != null) {
                to.add(event);
            }
            from.position(end);
            count++;
        }
        return count;
    }

    /** Null for a kind that this version does not know. */
    private ConnectionEvent event(int type, int sequence, int offset) {
        return switch (type) {
            case Glue.SP_EV_HANDSHAKE_START -> new HandshakeStart(offset);
            case Glue.SP_EV_HANDSHAKE_DONE -> new HandshakeDone(offset);
            case Glue.SP_EV_CLIENT_HELLO -> clientHello(sequence, offset);
            case Glue.SP_EV_CERT -> certificateRequest(sequence, offset);
            case Glue.SP_EV_RENEGOTIATION -> new RenegotiationRequest(offset, sequence);
            case Glue.SP_EV_SESSION -> new NewSession(offset, bytes(), bytes());
            case Glue.SP_EV_KEYLOG -> new KeyLog(offset, text());
            case Glue.SP_EV_OCSP_RESPONSE -> new OCSPResponse(offset, bytes());
            case Glue.SP_EV_ALERT -> alert(offset);
            case Glue.SP_EV_TRACE -> new Trace(offset, text(), number());
            case Glue.SP_EV_MESSAGE -> message(offset);
            case Glue.SP_EV_CLIENT_CERTIFICATE -> new ClientCertificate(offset);
            default -> null;
        };
    }

    private ClientHello clientHello(int sequence, int offset) {
        byte[] sessionId = bytesOrNone();
        String servername = text();
        byte[] alpn = bytes();
        int bits = number();
        ByteBuffer head = ByteBuffer.wrap(bytesOrNone());
        int version = head.getShort() & 0xFFFF;
        byte[] random = new byte[head.remaining()];
        head.get(random);
        return new ClientHello(
                offset,
                sequence,
                sessionId,
                servername,
                alpn == null ? null : protocols(alpn),
                (bits & Glue.SP_HELLO_TICKET) != 0,
                (bits & Glue.SP_HELLO_OCSP) != 0,
                (bits & Glue.SP_HELLO_TLS1_3) != 0,
                (bits & Glue.SP_HELLO_NPN) != 0,
                (bits & Glue.SP_HELLO_RENEGOTIATION) != 0,
                version,
                random,
                suites(bytesOrNone()),
                extensions(bytesOrNone()),
                List.copyOf(Outputs.items(bytesOrNone())));
    }

    private CertificateRequest certificateRequest(int sequence, int offset) {
        String servername = text();
        int bits = number();
        return new CertificateRequest(
                offset,
                sequence,
                servername,
                (bits & Glue.SP_CERT_OCSP) != 0,
                (bits & Glue.SP_CERT_RENEGOTIATION) != 0);
    }

    private AlertEvent alert(int offset) {
        int value = number();
        return new AlertEvent(
                offset,
                (value >>> Glue.SP_ALERT_SENT & 1) != 0,
                value >>> Glue.SP_ALERT_LEVEL & 0xFF,
                value & 0xFF);
    }

    private Message message(int offset) {
        int bits = number();
        return new Message(
                offset,
                (bits & Glue.SP_MESSAGE_SENT) != 0,
                number(),
                number(),
                bytesOrNone(),
                (bits & Glue.SP_MESSAGE_LOSS) != 0);
    }

    // ---- items ----

    private byte[] bytes() {
        int size = from.getInt();
        if (size == Glue.SP_ITEM_ABSENT) {
            return null;
        }
        byte[] bytes = new byte[size];
        from.get(bytes);
        return bytes;
    }

    private byte[] bytesOrNone() {
        byte[] bytes = bytes();
        return bytes == null ? NONE : bytes;
    }

    private String text() {
        byte[] bytes = bytes();
        return bytes == null ? null : new String(bytes, StandardCharsets.UTF_8);
    }

    private int number() {
        from.getInt();
        return from.getInt();
    }

    // ---- what the peer wrote: may be cut short anywhere ----

    private static List<String> protocols(byte[] wire) {
        List<String> names = new ArrayList<>();
        int at = 0;
        while (at < wire.length) {
            int length = wire[at++] & 0xFF;
            if (length > wire.length - at) {
                break;
            }
            names.add(new String(wire, at, length, StandardCharsets.ISO_8859_1));
            at += length;
        }
        return List.copyOf(names);
    }

    private static int[] suites(byte[] wire) {
        int[] suites = new int[wire.length / 2];
        for (int i = 0; i < suites.length; i++) {
            suites[i] = (wire[2 * i] & 0xFF) << 8 | wire[2 * i + 1] & 0xFF;
        }
        return suites;
    }

    private static List<Extension> extensions(byte[] wire) {
        ByteBuffer from = ByteBuffer.wrap(wire);
        List<Extension> extensions = new ArrayList<>();
        try {
            while (from.hasRemaining()) {
                int type = from.getShort() & 0xFFFF;
                byte[] data = new byte[from.getShort() & 0xFFFF];
                from.get(data);
                extensions.add(new Extension(type, data));
            }
        } catch (BufferUnderflowException e) {
            // OpenSSL will refuse the hello; what was whole is reported.
            return List.copyOf(extensions);
        }
        return List.copyOf(extensions);
    }
}
