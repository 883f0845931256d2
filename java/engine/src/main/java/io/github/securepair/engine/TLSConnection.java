package io.github.securepair.engine;

import static io.github.securepair.engine.ConnectionChecks.check;
import static io.github.securepair.engine.ConnectionChecks.checkWire;
import static io.github.securepair.engine.ConnectionChecks.describe;
import static io.github.securepair.engine.ConnectionChecks.isProtocolName;
import static io.github.securepair.engine.ConnectionChecks.rejectMisuse;
import static io.github.securepair.engine.Windows.advance;
import static io.github.securepair.engine.Windows.checkDistinct;
import static io.github.securepair.engine.Windows.length;
import static io.github.securepair.engine.Windows.position;
import static io.github.securepair.engine.Windows.readable;
import static io.github.securepair.engine.Windows.writable;

import io.github.securepair.engine.internal.ConnectionAccess;

import java.lang.ref.Reference;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayDeque;
import java.util.List;
import java.util.concurrent.atomic.AtomicLong;

/**
 * One TLS endpoint between byte buffers ({@code SSL}). It knows no sockets, threads or listeners:
 * the caller brings ciphertext and takes plaintext with {@link #read}, the other way round with
 * {@link #write}, and learns what happened from {@link #nextEvent()}.
 *
 * <p><b>Turns.</b> read, write, drain and shutdown lend their buffers for the call, direct ones
 * only, and advance the positions; null stands for an empty window. Counters such as
 * {@link #consumed()} tell about the last of these calls. Ciphertext that finds no room waits
 * inside; {@link #pending()} tells how much, every later turn moves it out first. Buffers given to
 * one call must be different objects; nobody may free or unmap their memory during it.
 *
 * <p><b>Threads.</b> Any thread, one at a time. A call beside a running one, from another thread or
 * from inside it, throws {@link IllegalStateException} and does no harm; so does every call on a
 * closed connection. {@link #close()} may come at any time from anywhere; beside a running call it
 * takes effect at the end of that call.
 *
 * <p>Close it: a forgotten connection is freed only when the garbage collector finds it.
 */
public final class TLSConnection implements AutoCloseable {
    /** Server: ask with {@link ConnectionEvent.ClientHello} at each new ClientHello. */
    public static final int ASK_HELLO = 1;
    /**
     * Server: ask with {@link ConnectionEvent.CertificateRequest} before the certificate is chosen.
     */
    public static final int ASK_CERT = 2;
    /**
     * Server: ask with {@link ConnectionEvent.RenegotiationRequest} when the client wants to
     * renegotiate.
     */
    public static final int ASK_RENEGOTIATION = 4;
    /** Tell of sessions that can be resumed: {@link ConnectionEvent.NewSession}. */
    public static final int TELL_SESSION = 8;
    /** Tell key log lines: {@link ConnectionEvent.KeyLog}. */
    public static final int TELL_KEYLOG = 16;
    /** Tell of alerts: {@link ConnectionEvent.AlertEvent}. */
    public static final int TELL_ALERT = 32;
    /** Tell SSL_trace text, at most 64 KiB between two takes: {@link ConnectionEvent.Trace}. */
    public static final int TELL_TRACE = 64;
    /**
     * Tell raw messages and record headers, at most 256 KiB between two takes:
     * {@link ConnectionEvent.Message}.
     */
    public static final int TELL_MESSAGE = 128;

    private static final int HANDSHAKING = 1;
    private static final int SECURE = 2;
    private static final int MISUSE_TURN = -2;
    private static final int BRIEF_COUNT = (1 << 19) - 1;

    private static final AtomicLong TOKENS = new AtomicLong();

    static {
        ConnectionAccess.give(new TurnAccess());
    }

    final NativeHandle handle;
    private final SecureContext context;
    private final boolean server;
    private int eventMask;

    /** Of the thread that used the connection last. */
    private Memory memory;

    // What the last turn did.
    private int consumed;
    private int produced;
    private int emitted;
    private int pending;
    private int records;
    private int flags = HANDSHAKING;
    private int eventsQueued;
    private int eventBytes;
    private int[] recordEnds;
    private TLSException failure;

    /** Answers for pre-shared keys; null while nobody does. */
    private PSKProvider pskProvider;

    private long pskToken;

    /** What the provider threw in the turn that is under way. */
    private Throwable pskError;

    /** Decoded events that wait for nextEvent(); null while there are none. */
    ArrayDeque<ConnectionEvent> decoded;

    private TLSConnection(SecureContext context, boolean server) {
        this.context = context;
        this.server = server;
        this.memory = Memory.current();
        long ctx = context.acquire();
        try {
            long conn = Native.connNew(ctx, server ? 1 : 0, memory.reportAddress);
            if (conn == 0) {
                throw SecureContextException.of(memory.report(), "No connection could be made");
            }
            handle = new NativeHandle(conn, "TLSConnection", Native::connFree);
        } finally {
            context.release();
        }
    }

    /** Makes the client end of a connection; nothing is sent before the first {@link #read}. */
    public static TLSConnection client(SecureContext context) {
        return new TLSConnection(context, false);
    }

    /** Makes the server end of a connection. */
    public static TLSConnection server(SecureContext context) {
        return new TLSConnection(context, true);
    }

    /** Whether this is the server's end. */
    public boolean isServer() {
        return server;
    }

    /** Whether {@link #close()} was called. */
    public boolean isClosed() {
        return handle.isClosed();
    }

    /** The context it was made from. */
    public SecureContext context() {
        return context;
    }

    /**
     * Frees the native connection and sends nothing; see {@link #shutdown} for a polite end. Beside
     * a running call, of any thread, the memory is freed when that call ends. Again is fine.
     */
    @Override
    public void close() {
        handle.close();
    }

    // ---------------------------------------------------------------- before the first read ----

    /** Client: the name to ask for (SNI), at most 255 bytes. */
    public void setServername(String name) {
        long conn = handle.enter();
        try {
            Memory m = memory();
            long address = m.stageText(name);
            try {
                check(
                        Native.connSetServername(conn, address, m.reportAddress),
                        m,
                        "The server name was refused");
            } finally {
                m.unstage();
            }
        } finally {
            handle.exit();
        }
    }

    /**
     * Client: the name by which the server is to be known, when that is not the one of
     * {@link #setServername}. Sessions are bound to it. Null or empty for none.
     */
    public void setPeerName(String name) {
        staged(
                name == null ? new byte[0] : name.getBytes(StandardCharsets.UTF_8),
                Native::connSetPeerName,
                "The peer's name was refused");
    }

    /**
     * Client: the session to resume, as {@link ConnectionEvent.NewSession} gave it; after
     * {@link #setServername}, {@link #setPeerName} and {@link #setPSK}. The context keeps copies of
     * the last ones that came more than once, wiped when it is freed.
     *
     * <p>A resumed session brings its verdict about the server's certificate along
     * ({@link #verifyResult}), so one is taken only if that verdict would be the same now: made
     * under the same name, trust, revocation lists and security level, and nothing that it came
     * from has run out. Of a session that another program has made (Node, {@code openssl s_client
     * -sess_out}) the certificate is verified now; since a session has no other certificate of the
     * chain, that takes an issuer that is trusted itself. A session which says that its certificate
     * did not verify is always taken, and goes on saying so.
     *
     * <p>The name is the caller's to check, as after a full handshake: {@link #peerCertificate} is
     * the session's from now on. If it is not the right one, {@link #dropSession}.
     *
     * @return false when there will be a full handshake: no session, or not one for this connection
     */
    public boolean setSession(byte[] der) {
        return staged(der, Native::connSetSession, "The session was refused");
    }

    /** Client: takes back what {@link #setSession} was given; the handshake will be a full one. */
    public void dropSession() {
        simple(Native::connDropSession, "The session could not be dropped");
    }

    /**
     * Client: the protocols to offer by ALPN. Server: those it speaks, in order of preference. Wire
     * form: a length byte before each name. Null or empty: no ALPN.
     */
    public void setALPN(byte[] wire) {
        checkWire(wire);
        staged(wire == null ? new byte[0] : wire, Native::connSetAlpn, "The ALPN list was refused");
    }

    /** The protocols for NPN, in the form of {@link #setALPN}. */
    public void setNPN(byte[] wire) {
        checkWire(wire);
        staged(wire == null ? new byte[0] : wire, Native::connSetNpn, "The NPN list was refused");
    }

    /** Client: ask for a stapled OCSP response; {@link ConnectionEvent.OCSPResponse} brings it. */
    public void requestOCSP() {
        simple(Native::connRequestOcsp, "The OCSP request was refused");
    }

    /** Client: allow a TLS 1.3 server to ask for a certificate after the handshake. */
    public void offerPostHandshakeAuth() {
        simple(Native::connOfferPostHandshakeAuth, "Post-handshake authentication was refused");
    }

    /**
     * Who answers for pre-shared keys, in TLS 1.2 (with PSK suites) and 1.3; null for nobody.
     *
     * <p>After a throw of the provider the handshake goes on without a key. When it fails in the
     * same turn, what was thrown is the cause of the failure; else
     * {@link ConnectionEvent.PSKFailed} tells.
     */
    public void setPSK(PSKProvider provider) {
        PSKUpcall.require();
        long token = provider == null ? 0 : TOKENS.incrementAndGet();
        simple(
                conn -> Native.connSetPsk(conn, token),
                "The provider of pre-shared keys was refused");
        pskToken = token;
        pskProvider = provider;
    }

    /**
     * Server: the hint for clients that negotiate a PSK suite of TLS 1.2, at most 256 bytes of
     * UTF-8 ({@code SSL_use_psk_identity_hint}).
     *
     * @throws SecureContextException when it is too long
     */
    public void setPSKIdentityHint(String hint) {
        long conn = handle.enter();
        try {
            Memory m = memory();
            m.clearReport();
            long address = m.stageText(hint);
            try {
                check(
                        Native.connSetPskIdentityHint(conn, address, m.reportAddress),
                        m,
                        "The identity hint was refused");
            } finally {
                m.unstage();
            }
        } finally {
            handle.exit();
        }
    }

    long pskToken() {
        return pskToken;
    }

    PSKProvider pskProvider() {
        return pskProvider;
    }

    void pskFailed(Throwable error) {
        pskError = error;
    }

    // ---------------------------------------------------------------- at any time ----

    /** Whether a certificate of the peer is wanted. */
    public void setVerify(VerifyMode mode) {
        int code = mode.ordinal();
        simple(conn -> Native.connSetVerify(conn, code), "The verify mode was refused");
    }

    /**
     * Limits the plaintext of the records written from now on, in bytes.
     *
     * @return false unless it is from 512 to 16384; nothing changes then
     */
    public boolean setMaxSendFragment(int size) {
        long conn = handle.enter();
        try {
            return Native.connSetMaxFragment(conn, size) == Native.OK;
        } finally {
            handle.exit();
        }
    }

    /** Sets and clears {@code SSL_OP_*} ({@link SSLOptions}); returns those that are set then. */
    public long setOptions(long set, long clear) {
        long conn = handle.enter();
        try {
            return Native.connSetOptions(conn, set, clear);
        } finally {
            handle.exit();
        }
    }

    /**
     * Replaces the set of what becomes an event: ASK_ and TELL_ bits. Handshake start and end
     * always do.
     */
    public void setEvents(int mask) {
        simple(conn -> Native.connSetEvents(conn, mask), "The event mask was refused");
        eventMask = mask;
    }

    /** The mask of {@link #setEvents}. */
    public int events() {
        return eventMask;
    }

    // ---------------------------------------------------------------- turns ----

    /**
     * Feeds ciphertext, drives the handshake and decrypts ({@code SSL_read_ex}). Stops at the first
     * event, and does nothing while events wait to be taken. A question is an event too:
     * {@link Status#PAUSED} may come with events to take.
     *
     * @param in ciphertext of the peer
     * @param plain takes plaintext
     * @param out takes ciphertext for the peer, also when this throws
     * @throws TLSException when the connection has failed, now or earlier
     * @throws IllegalArgumentException when a buffer is not direct, an output is read-only, or two
     *     are the same
     */
    public Status read(ByteBuffer in, ByteBuffer plain, ByteBuffer out) throws TLSException {
        checkDistinct(in, plain, out);
        long conn = handle.enter();
        try {
            if (decoded != null) {
                return eventsFirst();
            }
            Memory m = memory();
            int inAt = position(in);
            int inLength = length(in, inAt);
            int plainAt = position(plain);
            int plainCap = length(plain, plainAt);
            int outAt = position(out);
            int outCap = length(out, outAt);
            long brief = Native.connRead(
                    conn,
                    readable(m, in, inAt, inLength),
                    inLength,
                    writable(m, plain, plainAt, plainCap),
                    plainCap,
                    writable(m, out, outAt, outCap),
                    outCap,
                    turn(m));
            int status = collectBrief(m, brief);
            advance(in, inAt + consumed);
            advance(plain, plainAt + produced);
            advance(out, outAt + emitted);
            return finish(status);
        } finally {
            handle.exit();
            Reference.reachabilityFence(in);
            Reference.reachabilityFence(plain);
            Reference.reachabilityFence(out);
        }
    }

    /**
     * Encrypts ({@code SSL_write_ex}). {@link Status#WANT_INPUT} with nothing consumed while a
     * handshake is under way: offer the bytes again after the next read. {@link Status#FULL} when
     * plaintext is left, {@link Status#WANT_INPUT} when all went.
     *
     * @param plain plaintext
     * @param out takes ciphertext for the peer, also when this throws
     * @throws TLSException when the connection has failed, now or earlier
     * @throws IllegalArgumentException as for {@link #read}
     */
    public Status write(ByteBuffer plain, ByteBuffer out) throws TLSException {
        checkDistinct(plain, out, null);
        long conn = handle.enter();
        try {
            Memory m = memory();
            int plainAt = position(plain);
            int plainLength = length(plain, plainAt);
            int outAt = position(out);
            int outCap = length(out, outAt);
            long brief = Native.connWrite(
                    conn,
                    readable(m, plain, plainAt, plainLength),
                    plainLength,
                    writable(m, out, outAt, outCap),
                    outCap,
                    turn(m));
            int status = collectBrief(m, brief);
            advance(plain, plainAt + consumed);
            advance(out, outAt + emitted);
            return finish(status);
        } finally {
            handle.exit();
            Reference.reachabilityFence(plain);
            Reference.reachabilityFence(out);
        }
    }

    /**
     * Moves waiting ciphertext out, also after a failure.
     *
     * @return {@link Status#FULL} while some is left, else {@link Status#WANT_INPUT}
     */
    public Status drain(ByteBuffer out) {
        long conn = handle.enter();
        try {
            Memory m = memory();
            int outAt = position(out);
            int outCap = length(out, outAt);
            int status =
                    Native.connDrain(conn, writable(m, out, outAt, outCap), outCap, m.turnAddress);
            collect(m, status);
            advance(out, outAt + emitted);
            return Status.of(status);
        } finally {
            handle.exit();
            Reference.reachabilityFence(out);
        }
    }

    /**
     * Sends close_notify, once ({@code SSL_shutdown}); during a handshake when that is done.
     * Nothing can be written afterwards, reading may go on. A connection that has failed sends
     * nothing more and returns {@link Status#FAILED}.
     *
     * @return {@link Status#CLOSED} when the peer has closed too, else {@link Status#WANT_INPUT}
     */
    public Status shutdown(ByteBuffer out) {
        long conn = handle.enter();
        try {
            Memory m = memory();
            int outAt = position(out);
            int outCap = length(out, outAt);
            int status = Native.connShutdown(
                    conn, writable(m, out, outAt, outCap), outCap, m.turnAddress);
            collect(m, status);
            advance(out, outAt + emitted);
            return Status.of(status);
        } finally {
            handle.exit();
            Reference.reachabilityFence(out);
        }
    }

    /**
     * Frees the record buffers ({@code SSL_free_buffers}), about 34 KiB, which the next turns make
     * again when they need them. They are kept between turns because making them costs as much as a
     * small record; so call this when nothing came or went for a while. TLS sockets do it by
     * themselves.
     *
     * @return false when half a record is in them, and some stay
     */
    public boolean idle() {
        long conn = handle.enter();
        try {
            return Native.connIdle(conn) == Native.OK;
        } finally {
            handle.exit();
        }
    }

    /** Events already copied out still come before the plaintext that this read would bring. */
    Status eventsFirst() {
        consumed = 0;
        produced = 0;
        emitted = 0;
        records = 0;
        return Status.EVENT;
    }

    Memory memory() {
        Memory m = memory;
        if (m.thread != Thread.currentThread()) {
            m = Memory.current();
            memory = m;
        }
        return m;
    }

    /** What a turn did, from the one number that says it in the usual case; see sp.h. */
    int collectBrief(Memory m, long brief) {
        if (brief < 0 || pskProvider != null) {
            return collect(m, m.turn.getInt(Memory.STATUS));
        }
        int after = (int) (brief >>> 23);
        consumed = (int) brief >>> 4 & BRIEF_COUNT;
        produced = after & BRIEF_COUNT;
        emitted = (int) (brief >>> 42);
        flags = (int) brief >>> 1 & 3;
        pending = 0;
        eventsQueued = 0;
        records = (int) brief >>> 3 & 1;
        if (records != 0) {
            if (recordEnds == null) {
                recordEnds = new int[4];
            }
            recordEnds[0] = produced;
        }
        return (int) brief & 1;
    }

    /** Copies out of the turn, which belongs to the thread and serves other connections too. */
    int collect(Memory m, int status) {
        m.asking = null;
        ByteBuffer turn = m.turn;
        consumed = turn.getInt(Memory.CONSUMED);
        produced = turn.getInt(Memory.PRODUCED);
        emitted = turn.getInt(Memory.EMITTED);
        pending = turn.getInt(Memory.PENDING);
        flags = turn.getInt(Memory.FLAGS);
        eventsQueued = turn.getInt(Memory.EVENTS);
        records = turn.getInt(Memory.RECORDS);
        if (eventsQueued != 0) {
            eventBytes = turn.getInt(Memory.EVENT_BYTES);
        }
        if (records != 0) {
            collectRecords(turn);
        }
        if (status == Native.FAILED) {
            failure = TLSException.of(m.report(), server ? "TLS server" : "TLS client");
        } else if (status == MISUSE_TURN) {
            throw new IllegalStateException(
                    "TLSConnection is in use: a call came from inside another call");
        }
        return pskError == null ? status : tellPSKError(status);
    }

    private int tellPSKError(int status) {
        Throwable error = pskError;
        pskError = null;
        if (status == Native.FAILED) {
            failure = failure.because(error);
            return status;
        }
        if (decoded == null) {
            decoded = new ArrayDeque<>();
        }
        decoded.add(new ConnectionEvent.PSKFailed(0, error));
        return status == Status.PAUSED.ordinal() || status == Status.CLOSED.ordinal()
                ? status
                : Status.EVENT.ordinal();
    }

    /**
     * The address of the turn to fill; from here to collect() the upcall is for this connection.
     */
    long turn(Memory m) {
        if (pskProvider != null) {
            m.asking = this;
        }
        return m.turnAddress;
    }

    private void collectRecords(ByteBuffer turn) {
        int[] ends = recordEnds;
        if (ends == null || ends.length < records) {
            ends = new int[records < 4 ? 4 : Memory.MAX_RECORDS];
            recordEnds = ends;
        }
        for (int i = 0; i < records; i++) {
            ends[i] = turn.getInt(Memory.RECORD_END + 4 * i);
        }
    }

    private Status finish(int status) throws TLSException {
        if (status == Native.FAILED) {
            throw failure;
        }
        return Status.of(status);
    }

    // ---------------------------------------------------------------- about the last turn ----

    /** Bytes taken from the input window: ciphertext by read, plaintext by write. */
    public int consumed() {
        return consumed;
    }

    /** Plaintext bytes that read produced. */
    public int produced() {
        return produced;
    }

    /** Ciphertext bytes written to the output window. */
    public int emitted() {
        return emitted;
    }

    /** Ciphertext bytes that wait inside for an output window. */
    public int pending() {
        return pending;
    }

    /** How many application data records ended within the plaintext produced; at most 32. */
    public int records() {
        return records;
    }

    /** The offset in the plaintext produced at which record {@code i} ended. */
    public int recordEnd(int i) {
        if (i < 0 || i >= records) {
            throw new IndexOutOfBoundsException("record " + i + " of " + records);
        }
        return recordEnds[i];
    }

    /** Events that wait for {@link #nextEvent()}. */
    public int waitingEvents() {
        ArrayDeque<ConnectionEvent> queue = decoded;
        return eventsQueued + (queue == null ? 0 : queue.size());
    }

    /** Whether a handshake is under way: the first one, or a renegotiation. */
    public boolean isHandshaking() {
        return (flags & HANDSHAKING) != 0;
    }

    /** Whether the first handshake has been completed. */
    public boolean isSecure() {
        return (flags & SECURE) != 0;
    }

    /** Why the connection has failed, or null. */
    public TLSException failure() {
        return failure;
    }

    // ---------------------------------------------------------------- events and questions ----

    /** Takes the oldest event; null when none is left. */
    public ConnectionEvent nextEvent() {
        long conn = handle.enter();
        try {
            if (decoded == null && eventsQueued != 0) {
                takeEvents(conn);
            }
            if (decoded == null) {
                return null;
            }
            ConnectionEvent event = decoded.poll();
            if (decoded.isEmpty()) {
                decoded = null;
            }
            return event;
        } finally {
            handle.exit();
        }
    }

    /** Takes all, in as much memory as the turn said they need. */
    private void takeEvents(long conn) {
        Memory m = memory();
        ArrayDeque<ConnectionEvent> queue = new ArrayDeque<>();
        m.reserveOut(eventBytes);
        int length = (int) Native.connTakeEvents(conn, m.outAddress(), m.outRoom());
        eventsQueued = 0;
        if (length > 0) {
            try {
                EventDecoder.decode(m.out(), length, queue);
            } finally {
                m.wipeOut(length);
            }
        }
        if (!queue.isEmpty()) {
            decoded = queue;
        }
    }

    /**
     * Server, while paused at a ClientHello: the session to resume.
     *
     * @return false when the bytes are no session; the handshake will be a full one
     */
    public boolean offerSession(byte[] der) {
        return staged(der, Native::connOfferSession, "No ClientHello waits for a session");
    }

    /**
     * Server, while paused at a ClientHello: the ALPN protocol to speak; null refuses all of them,
     * which ends the handshake with a fatal alert.
     *
     * @return false when the client did not offer it
     */
    public boolean selectALPN(String protocol) {
        byte[] name =
                protocol == null ? new byte[0] : protocol.getBytes(StandardCharsets.ISO_8859_1);
        if (protocol != null && !isProtocolName(protocol, name)) {
            return false;
        }
        long conn = handle.enter();
        try {
            Memory m = memory();
            long address = m.stageOnly(name);
            try {
                return Native.connSelectAlpn(conn, address, name.length) == Native.OK;
            } finally {
                m.unstage();
            }
        } finally {
            handle.exit();
        }
    }

    /**
     * Server, while paused at a ClientHello or a certificate question: certificates, keys, chains,
     * trust and client CA names of another context, for this connection. Protocol range, suites,
     * tickets and options stay.
     *
     * @return false when that context has no certificate; its trust is used all the same
     */
    public boolean useIdentity(SecureContext other) {
        return use(other, Native::connUseIdentity);
    }

    /**
     * Server, while paused at a ClientHello or a certificate question: the same without trust and
     * client CA names, which stay.
     *
     * @return false, with nothing changed, when that context has no certificate
     */
    public boolean useCertificates(SecureContext other) {
        return use(other, Native::connUseCertificates);
    }

    @FunctionalInterface
    private interface Switch {
        int use(long conn, long ctx, long report);
    }

    private boolean use(SecureContext other, Switch kind) {
        long conn = handle.enter();
        try {
            Memory m = memory();
            long ctx = other.acquire();
            try {
                int result = kind.use(conn, ctx, m.reportAddress);
                if (result == Native.IGNORED) {
                    return false;
                }
                check(result, m, "The identity was refused");
                return true;
            } finally {
                other.release();
            }
        } finally {
            handle.exit();
        }
    }

    /**
     * Server, while paused at a certificate question: the OCSP response to staple; null or empty
     * for none.
     */
    public void setOCSPResponse(byte[] der) {
        staged(
                der == null ? new byte[0] : der,
                Native::connSetOcspResponse,
                "No certificate question waits");
    }

    /**
     * Lets the handshake go on after a question; it does with the next read.
     *
     * @return false when that question is not open: answered before, or never asked
     */
    public boolean answer(int sequence) {
        return reply(sequence, -1);
    }

    /**
     * Refuses at a question: the next read sends this fatal alert and fails.
     *
     * @param alert description of the alert, 0 to 255
     * @return false when that question is not open: answered before, or never asked
     */
    public boolean refuse(int sequence, int alert) {
        if (alert < 0 || alert > 255) {
            throw new IllegalArgumentException("alert " + alert);
        }
        return reply(sequence, alert);
    }

    private boolean reply(int sequence, int alert) {
        long conn = handle.enter();
        try {
            return Native.connAnswer(conn, sequence, alert) == Native.OK;
        } finally {
            handle.exit();
        }
    }

    // ---------------------------------------------------------------- later handshakes ----

    /**
     * TLS 1.2 and older, once secure: starts another handshake; the next read or write sends for
     * it.
     *
     * @param abbreviated allows resuming the session, which asks for no certificate
     * @throws TLSException with Node's ERR_SSL_WRONG_SSL_VERSION in TLS 1.3, and when OpenSSL
     *     refuses otherwise
     */
    public void renegotiate(boolean abbreviated) throws TLSException {
        handshake(
                (conn, report) -> Native.connRenegotiate(conn, abbreviated ? 1 : 0, report),
                "Renegotiation");
    }

    /**
     * Server, TLS 1.3, once secure: asks for a certificate, if the client offered to be asked; the
     * next read or write sends it. {@link ConnectionEvent.ClientCertificate} tells that the answer
     * came. {@link #setVerify} decides whether it may be none.
     *
     * @throws TLSException ERR_SSL_EXTENSION_NOT_RECEIVED when the client did not offer it,
     *     ERR_SSL_REQUEST_PENDING while one request is open, ERR_SSL_WRONG_SSL_VERSION before TLS
     *     1.3
     */
    public void requestClientCertificate() throws TLSException {
        handshake(Native::connRequestClientCertificate, "The certificate request");
    }

    /** TLS 1.3, once secure: changes the keys of our direction, and of the peer's if asked to. */
    public void keyUpdate(boolean requestPeer) throws TLSException {
        handshake(
                (conn, report) -> Native.connKeyUpdate(conn, requestPeer ? 1 : 0, report),
                "The key update");
    }

    @FunctionalInterface
    private interface Handshake {
        int start(long conn, long report);
    }

    private void handshake(Handshake kind, String doing) throws TLSException {
        long conn = handle.enter();
        try {
            Memory m = memory();
            m.clearReport();
            int result = kind.start(conn, m.reportAddress);
            rejectMisuse(result, doing);
            if (result != Native.OK) {
                throw TLSException.of(m.report(), doing);
            }
        } finally {
            handle.exit();
        }
    }

    // ---------------------------------------------------------------- state ----

    /** "TLSv1.3"; before the handshake the highest that is possible ({@code SSL_get_version}). */
    public String protocol() {
        return text(ConnectionFacts.PROTOCOL);
    }

    /** The same as a number of {@link Protocol}. */
    public int version() {
        return (int) number(ConnectionFacts.INT_VERSION);
    }

    /** The highest version that may be negotiated. */
    public int maxVersion() {
        return (int) number(ConnectionFacts.INT_MAX_VERSION);
    }

    /** OpenSSL's name of the cipher suite, or null. */
    public String cipherName() {
        return text(ConnectionFacts.CIPHER_NAME);
    }

    /** The RFC's name of the cipher suite, or null. */
    public String cipherStandardName() {
        return text(ConnectionFacts.CIPHER_STANDARD_NAME);
    }

    /** The protocol that brought the cipher suite ({@code SSL_CIPHER_get_version}), or null. */
    public String cipherVersion() {
        return text(ConnectionFacts.CIPHER_VERSION);
    }

    /** The name asked for by SNI, or null. On servers the first hello's; others are refused. */
    public String servername() {
        return text(ConnectionFacts.SERVERNAME);
    }

    /** The ALPN protocol agreed on, each byte one char; null when there is none. */
    public String alpnProtocol() {
        return latin(ConnectionFacts.ALPN);
    }

    /** The NPN protocol agreed on, each byte one char; null when there is none. */
    public String npnProtocol() {
        return latin(ConnectionFacts.NPN);
    }

    /** The session ({@code i2d_SSL_SESSION}): secret. Null before there is one. */
    public byte[] session() {
        return get(ConnectionFacts.SESSION);
    }

    /** Client: the session ticket, or null. */
    public byte[] ticket() {
        return get(ConnectionFacts.TICKET);
    }

    /** The session id, or null. */
    public byte[] sessionId() {
        return get(ConnectionFacts.SESSION_ID);
    }

    /** Our last Finished message, or null. */
    public byte[] finished() {
        return get(ConnectionFacts.FINISHED);
    }

    /** The peer's last Finished message, or null. */
    public byte[] peerFinished() {
        return get(ConnectionFacts.PEER_FINISHED);
    }

    /** DER of our certificate, or null. */
    public byte[] ownCertificate() {
        return get(ConnectionFacts.OWN_CERTIFICATE);
    }

    /** DER of our certificate and the chain sent with it, or null. */
    public List<byte[]> ownChain() {
        return list(ConnectionFacts.OWN_CHAIN);
    }

    /** DER of the peer's certificate, or null. */
    public byte[] peerCertificate() {
        return get(ConnectionFacts.PEER_CERTIFICATE);
    }

    /**
     * DER of the peer's certificate and of what came with it, leaf first; null when there is none.
     */
    public List<byte[]> peerChain() {
        return list(ConnectionFacts.PEER_CHAIN);
    }

    /**
     * DER of the peer's certificate, its issuer, and so on, completed from the trust store; null
     * when there is none.
     */
    public List<byte[]> peerChainCompleted() {
        return list(ConnectionFacts.PEER_CHAIN_COMPLETED);
    }

    /** Client: DER of the CA names that the server asked with, or null. */
    public List<byte[]> peerClientCAs() {
        return list(ConnectionFacts.PEER_CLIENT_CAS);
    }

    /** Client: the stapled OCSP response, or null. */
    public byte[] ocspResponse() {
        return get(ConnectionFacts.OCSP_RESPONSE);
    }

    /** Whether the handshake resumed a session. */
    public boolean isSessionReused() {
        return number(ConnectionFacts.INT_REUSED) == 1;
    }

    /** Whether the present session can be resumed. */
    public boolean isSessionResumable() {
        return number(ConnectionFacts.INT_SESSION_RESUMABLE) == 1;
    }

    /** Whether the peer knows secure renegotiation (RFC 5746). */
    public boolean isSecureRenegotiation() {
        return number(ConnectionFacts.INT_SECURE_RENEGOTIATION) == 1;
    }

    /** Whether a pre-shared key was used. */
    public boolean isPSKUsed() {
        return number(ConnectionFacts.INT_PSK_USED) == 1;
    }

    /** How many handshakes followed the first one. */
    public int renegotiations() {
        return (int) number(ConnectionFacts.INT_RENEGOTIATIONS);
    }

    /**
     * X509_V_* of the last evaluation of the peer's chain, 0 when it is fine; meaningless without a
     * peer certificate.
     */
    public long verifyResult() {
        return number(ConnectionFacts.INT_VERIFY_RESULT);
    }

    /** The verify result as a code: "DEPTH_ZERO_SELF_SIGNED_CERT"; null when it is fine. */
    public String verifyErrorName() {
        long result = verifyResult();
        return result == 0 ? null : describe(result, Native::x509ErrorName);
    }

    /** The verify result in OpenSSL's words: "self-signed certificate"; "ok" when it is fine. */
    public String verifyErrorText() {
        return describe(verifyResult(), Native::x509ErrorText);
    }

    /** Whether the peer has shown a certificate. */
    public boolean hasPeerCertificate() {
        return number(ConnectionFacts.INT_HAS_PEER_CERTIFICATE) == 1;
    }

    /**
     * Client: the key exchange as "ECDH prime256v1 256", "DH - 2048", "KEM X25519MLKEM768 -"; null
     * when there is none.
     */
    public String ephemeralKey() {
        return text(ConnectionFacts.EPHEMERAL);
    }

    /**
     * Signature algorithms shared with the peer in Node's form, joined by ':'; null when there are
     * none.
     */
    public String sharedSigalgs() {
        return text(ConnectionFacts.SHARED_SIGALGS);
    }

    /** Name of the negotiated group, or null. */
    public String group() {
        return text(ConnectionFacts.GROUP);
    }

    /** The client's 32 random bytes, or null. */
    public byte[] clientRandom() {
        return get(ConnectionFacts.CLIENT_RANDOM);
    }

    /** The server's 32 random bytes, or null. */
    public byte[] serverRandom() {
        return get(ConnectionFacts.SERVER_RANDOM);
    }

    /** The master secret, for research; the caller must wipe it. Null when there is none. */
    public byte[] masterKey() {
        return get(ConnectionFacts.MASTER_KEY);
    }

    /**
     * Derives key material that both ends share (RFC 5705, {@code SSL_export_keying_material}).
     *
     * @param length in bytes, at least 1
     * @param context null for none, which TLS 1.2 tells apart from an empty one
     * @throws TLSException when OpenSSL refuses
     * @throws IllegalStateException before the first handshake is done
     */
    public byte[] exportKeyingMaterial(int length, String label, byte[] context)
            throws TLSException {
        if (length < 1) {
            throw new IllegalArgumentException("length " + length);
        }
        byte[] name = label.getBytes(StandardCharsets.UTF_8);
        long contextLength = context == null ? 0 : context.length;
        long conn = handle.enter();
        try {
            Memory m = memory();
            m.reserveOut(length);
            m.stage(name.length + contextLength);
            try {
                long nameAddress = m.put(name);
                int result = Native.connExport(
                        conn,
                        m.outAddress(),
                        length,
                        nameAddress,
                        name.length,
                        m.put(context),
                        contextLength,
                        m.reportAddress);
                rejectMisuse(result, "Exporting key material");
                if (result != Native.OK) {
                    throw TLSException.of(m.report(), "Exporting key material");
                }
                return m.takeOut(length);
            } finally {
                m.unstage();
            }
        } finally {
            handle.exit();
        }
    }

    private long number(int what) {
        long conn = handle.enter();
        try {
            return Native.connInt(conn, what);
        } finally {
            handle.exit();
        }
    }

    private byte[] get(int what) {
        long conn = handle.enter();
        try {
            return Outputs.copy(memory(), (out, cap) -> Native.connGet(conn, what, out, cap));
        } finally {
            handle.exit();
        }
    }

    private String text(int what) {
        byte[] bytes = get(what);
        return bytes == null ? null : new String(bytes, StandardCharsets.UTF_8);
    }

    private String latin(int what) {
        byte[] bytes = get(what);
        return bytes == null ? null : new String(bytes, StandardCharsets.ISO_8859_1);
    }

    private List<byte[]> list(int what) {
        byte[] items = get(what);
        return items == null ? null : Outputs.items(items);
    }

    // ---------------------------------------------------------------- results ----

    @FunctionalInterface
    private interface Setting {
        int set(long conn);
    }

    @FunctionalInterface
    private interface BytesSetting {
        int set(long conn, long bytes, long length);
    }

    private void simple(Setting setting, String doing) {
        long conn = handle.enter();
        try {
            Memory m = memory();
            m.clearReport();
            check(setting.set(conn), m, doing);
        } finally {
            handle.exit();
        }
    }

    /** False when the bytes were unusable and nothing changed. */
    private boolean staged(byte[] bytes, BytesSetting setting, String doing) {
        long conn = handle.enter();
        try {
            Memory m = memory();
            m.clearReport();
            long address = m.stageOnly(bytes);
            try {
                int result = setting.set(conn, address, bytes.length);
                if (result != Native.IGNORED) {
                    check(result, m, doing);
                }
                return result == Native.OK;
            } finally {
                m.unstage();
            }
        } finally {
            handle.exit();
        }
    }
}
