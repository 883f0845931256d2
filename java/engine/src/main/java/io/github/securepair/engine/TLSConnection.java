package io.github.securepair.engine;

import static io.github.securepair.engine.ConnectionChecks.check;
import static io.github.securepair.engine.ConnectionChecks.checkWire;
import static io.github.securepair.engine.ConnectionChecks.describe;
import static io.github.securepair.engine.ConnectionChecks.isProtocolName;
import static io.github.securepair.engine.ConnectionChecks.rejectMisuse;

import io.github.securepair.engine.internal.Calls;
import io.github.securepair.engine.internal.Memory;
import io.github.securepair.engine.internal.NativeHandle;
import io.github.securepair.engine.internal.Outputs;
import io.github.securepair.engine.internal.Turns;
import io.github.securepair.openssl.Glue;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayDeque;
import java.util.List;

/**
 * One TLS endpoint between byte buffers ({@code SSL}). It knows no sockets, threads or listeners:
 * the caller brings ciphertext and takes plaintext with {@link #read}, the other way round with
 * {@link #write}, and learns what happened from {@link #nextEvent()}.
 *
 * <p><b>Turns.</b> read, write, drain and shutdown lend their buffers for the call, direct ones
 * only, and advance the positions; null stands for an empty window. Counters such as
 * {@link #consumed()} describe the last of these calls. Ciphertext that finds no room waits inside;
 * {@link #pending()} says how much, every later turn moves it out first. Buffers given to one call
 * must be different objects; their memory must not be freed or unmapped during it.
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
    public static final int ASK_HELLO = Glue.SP_ASK_HELLO;
    /**
     * Server: ask with {@link ConnectionEvent.CertificateRequest} before the certificate is chosen.
     */
    public static final int ASK_CERT = Glue.SP_ASK_CERT;
    /**
     * Server: ask with {@link ConnectionEvent.RenegotiationRequest} when the client wants to
     * renegotiate.
     */
    public static final int ASK_RENEGOTIATION = Glue.SP_ASK_RENEGOTIATION;
    /** Report sessions that can be resumed: {@link ConnectionEvent.NewSession}. */
    public static final int TELL_SESSION = Glue.SP_TELL_SESSION;
    /** Report key log lines: {@link ConnectionEvent.KeyLog}. */
    public static final int TELL_KEYLOG = Glue.SP_TELL_KEYLOG;
    /** Report alerts: {@link ConnectionEvent.AlertEvent}. */
    public static final int TELL_ALERT = Glue.SP_TELL_ALERT;
    /** Report SSL_trace text, at most 64 KiB between two takes: {@link ConnectionEvent.Trace}. */
    public static final int TELL_TRACE = Glue.SP_TELL_TRACE;
    /**
     * Report raw messages and record headers, at most 256 KiB between two takes:
     * {@link ConnectionEvent.Message}.
     */
    public static final int TELL_MESSAGE = Glue.SP_TELL_MESSAGE;

    private final NativeHandle handle;
    private final Turns turns;
    private final Calls calls;
    private final SecureContext context;
    private final boolean server;
    private int eventMask;
    private TLSException failure;

    /** Decoded events that wait for nextEvent(); null while there are none. */
    private ArrayDeque<ConnectionEvent> decoded;

    private TLSConnection(SecureContext context, boolean server) {
        this.context = context;
        this.server = server;
        long ctx = context.acquire();
        try {
            long conn = Glue.sp_conn_new(ctx, server ? 1 : 0, Memory.current().reportAddress);
            if (conn == 0) {
                throw SecureContextException.of(
                        ErrorReport.ofLastCall(), "No connection could be made");
            }
            handle = new NativeHandle(conn, "TLSConnection", Glue::sp_conn_free);
        } finally {
            context.release();
        }
        turns = new Turns(handle, new Outcome());
        calls = new Calls(handle);
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
        check(
                calls.callWithText(name, Glue::sp_conn_set_servername),
                "The server name was refused");
    }

    /**
     * Client: the name by which the server is to be known, when that is not the one of
     * {@link #setServername}. Sessions are bound to it. Null or empty for none.
     */
    public void setPeerName(String name) {
        took(
                name == null ? new byte[0] : name.getBytes(StandardCharsets.UTF_8),
                Glue::sp_conn_set_peer_name,
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
        return took(der, Glue::sp_conn_set_session, "The session was refused");
    }

    /** Client: takes back what {@link #setSession} was given; the handshake will be a full one. */
    public void dropSession() {
        check(calls.call(Glue::sp_conn_drop_session), "The session could not be dropped");
    }

    /**
     * Client: the protocols to offer by ALPN. Server: those it speaks, in order of preference. Wire
     * form: a length byte before each name. Null or empty: no ALPN.
     */
    public void setALPN(byte[] wire) {
        checkWire(wire);
        took(
                wire == null ? new byte[0] : wire,
                Glue::sp_conn_set_alpn,
                "The ALPN list was refused");
    }

    /** The protocols for NPN, in the form of {@link #setALPN}. */
    public void setNPN(byte[] wire) {
        checkWire(wire);
        took(wire == null ? new byte[0] : wire, Glue::sp_conn_set_npn, "The NPN list was refused");
    }

    /** Client: ask for a stapled OCSP response; {@link ConnectionEvent.OCSPResponse} brings it. */
    public void requestOCSP() {
        check(calls.call(Glue::sp_conn_request_ocsp), "The OCSP request was refused");
    }

    /** Client: allow a TLS 1.3 server to ask for a certificate after the handshake. */
    public void offerPostHandshakeAuth() {
        check(
                calls.call(Glue::sp_conn_offer_post_handshake_auth),
                "Post-handshake authentication was refused");
    }

    /**
     * Sets the source of pre-shared keys, in TLS 1.2 (with PSK suites) and 1.3; null for none.
     *
     * <p>After a throw of the provider the handshake goes on without a key. When it fails in the
     * same turn, what was thrown is the cause of the failure; else
     * {@link ConnectionEvent.PSKFailed} reports it.
     */
    public void setPSK(PSKProvider provider) {
        PSKAnswer source = provider == null ? null : new PSKAnswer(provider);
        check(
                calls.call(conn -> turns.setPSK(conn, source)),
                "The provider of pre-shared keys was refused");
    }

    /**
     * Server: the hint for clients that negotiate a PSK suite of TLS 1.2, at most 256 bytes of
     * UTF-8 ({@code SSL_use_psk_identity_hint}).
     *
     * @throws SecureContextException when it is too long
     */
    public void setPSKIdentityHint(String hint) {
        check(
                calls.callWithText(hint, Glue::sp_conn_set_psk_identity_hint),
                "The identity hint was refused");
    }

    // ---------------------------------------------------------------- at any time ----

    /** Whether a certificate of the peer is wanted. */
    public void setVerify(VerifyMode mode) {
        check(
                calls.call(conn -> Glue.sp_conn_set_verify(conn, mode.code)),
                "The verify mode was refused");
    }

    /**
     * Limits the plaintext of the records written from now on, in bytes.
     *
     * @return false unless it is from 512 to 16384; nothing changes then
     */
    public boolean setMaxSendFragment(int size) {
        return calls.call(conn -> Glue.sp_conn_set_max_fragment(conn, size)) == Glue.SP_OK;
    }

    /** Sets and clears {@code SSL_OP_*} ({@link SSLOptions}); returns those that are set then. */
    public long setOptions(long set, long clear) {
        long conn = handle.enter();
        try {
            return Glue.sp_conn_set_options(conn, set, clear);
        } finally {
            handle.exit();
        }
    }

    /**
     * Replaces the set of what becomes an event: ASK_ and TELL_ bits. Handshake start and end
     * always do.
     */
    public void setEvents(int mask) {
        check(
                calls.call(conn -> Glue.sp_conn_set_events(conn, mask)),
                "The event mask was refused");
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
     * <p>Stops after each record of application data as well, with {@link Status#FULL} when input
     * is left: what a program writes when it gets a record goes out before the next record is
     * looked at, which may be forged, close_notify or a renegotiation. So the outcome does not
     * depend on how the ciphertext was cut into reads. After {@link #shutdown} nothing can be
     * written any more, and a read may decrypt up to 32 records of application data.
     *
     * <p>{@link Status} says what stands beside each status. When this throws, the buffers'
     * positions say all the same what was taken and made, events may be left to take, and plaintext
     * is left only after {@link #shutdown}.
     *
     * @param in ciphertext of the peer
     * @param plain takes plaintext
     * @param out takes ciphertext for the peer, also when this throws
     * @throws TLSException when the connection has failed, now or earlier
     * @throws IllegalArgumentException when a buffer is not direct, an output is read-only, or two
     *     are the same
     */
    public Status read(ByteBuffer in, ByteBuffer plain, ByteBuffer out) throws TLSException {
        return finish(turns.read(in, plain, out));
    }

    /**
     * Encrypts ({@code SSL_write_ex}). {@link Status#WANT_INPUT} with nothing consumed while a
     * handshake is under way: offer the bytes again after the next read. {@link Status#FULL} when
     * plaintext is left, {@link Status#WANT_INPUT} when all went. {@link Status#PAUSED} while a
     * question is open and {@link Status#CLOSED} after {@link #shutdown}, with nothing consumed.
     *
     * @param plain plaintext
     * @param out takes ciphertext for the peer, also when this throws
     * @throws TLSException when the connection has failed, now or earlier
     * @throws IllegalArgumentException as for {@link #read}
     */
    public Status write(ByteBuffer plain, ByteBuffer out) throws TLSException {
        return finish(turns.write(plain, out));
    }

    /**
     * Moves waiting ciphertext out, also after a failure.
     *
     * @return {@link Status#FULL} while some is left, else {@link Status#WANT_INPUT}
     */
    public Status drain(ByteBuffer out) {
        return Status.of(turns.drain(out));
    }

    /**
     * Sends close_notify, once ({@code SSL_shutdown}); during a handshake when that is done.
     * Nothing can be written afterwards, reading may go on. A connection that has failed sends
     * nothing more and returns {@link Status#FAILED}.
     *
     * @return {@link Status#CLOSED} when the peer has closed too, else {@link Status#WANT_INPUT}
     */
    public Status shutdown(ByteBuffer out) {
        return Status.of(turns.shutdown(out));
    }

    /**
     * Frees the record buffers ({@code SSL_free_buffers}), about 34 KiB, which the next turns make
     * again when they need them. They are kept between turns because making them costs as much as a
     * small record; so call this when nothing came or went for a while. TLS sockets do it by
     * themselves.
     *
     * @return false when half a record is in them, or the connection has failed, and some stay
     */
    public boolean idle() {
        return calls.call(Glue::sp_conn_idle) == Glue.SP_OK;
    }

    /**
     * For this module's other packages: the part of the connection that has this type. The types
     * are of a package that is not exported, so that no program can name one.
     *
     * @throws IllegalArgumentException when there is none
     */
    public <T> T internal(Class<T> type) {
        if (type != Turns.class) {
            throw new IllegalArgumentException("no part of a connection is a " + type.getName());
        }
        return type.cast(turns);
    }

    /**
     * From now on a call waits while another thread's is running, and throws only inside its own.
     * For connections whose getters may be called by any thread while one thread runs the turns;
     * call it before any other thread has the connection.
     */
    public void waitForOtherThreads() {
        handle.waitForOtherThreads();
    }

    /** What the turns report to the connection. */
    private final class Outcome implements Turns.Owner {
        @Override
        public void failed(Memory memory, Throwable cause) {
            failure = TLSException.of(
                    ErrorReport.of(memory), server ? "TLS server" : "TLS client", cause);
        }

        @Override
        public void pskFailed(Throwable error) {
            if (decoded == null) {
                decoded = new ArrayDeque<>();
            }
            decoded.add(new ConnectionEvent.PSKFailed(0, error));
            turns.holdEvents(true);
        }
    }

    private Status finish(int status) throws TLSException {
        if (status == Glue.SP_FAILED) {
            throw failure;
        }
        return Status.of(status);
    }

    // ---------------------------------------------------------------- about the last turn ----

    /** Bytes taken from the input window: ciphertext by read, plaintext by write. */
    public int consumed() {
        return turns.consumed();
    }

    /** Plaintext bytes that read produced. */
    public int produced() {
        return turns.produced();
    }

    /** Ciphertext bytes written to the output window. */
    public int emitted() {
        return turns.emitted();
    }

    /** Ciphertext bytes that wait inside for an output window. */
    public int pending() {
        return turns.pending();
    }

    /** How many application data records ended within the plaintext produced; at most 32. */
    public int records() {
        return turns.records();
    }

    /** The offset in the plaintext produced at which record {@code i} ended. */
    public int recordEnd(int i) {
        return turns.recordEnd(i);
    }

    /** Events that wait for {@link #nextEvent()}. */
    public int waitingEvents() {
        ArrayDeque<ConnectionEvent> queue = decoded;
        return turns.eventsQueued() + (queue == null ? 0 : queue.size());
    }

    /** Whether a handshake is under way: the first one, or a renegotiation. */
    public boolean isHandshaking() {
        return turns.isHandshaking();
    }

    /** Whether the first handshake has been completed. */
    public boolean isSecure() {
        return turns.isSecure();
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
            if (decoded == null && turns.eventsQueued() != 0) {
                takeEvents(conn);
            }
            if (decoded == null) {
                return null;
            }
            ConnectionEvent event = decoded.poll();
            if (decoded.isEmpty()) {
                decoded = null;
                turns.holdEvents(false);
            }
            return event;
        } finally {
            handle.exit();
        }
    }

    /** Takes all that wait in native memory. */
    private void takeEvents(long conn) {
        Memory m = Memory.current();
        ArrayDeque<ConnectionEvent> queue = new ArrayDeque<>();
        int length = turns.takeEvents(conn, m);
        if (length > 0) {
            try {
                EventDecoder.decode(m.out(), length, queue);
            } finally {
                m.wipeOut(length);
            }
        }
        if (!queue.isEmpty()) {
            decoded = queue;
            turns.holdEvents(true);
        }
    }

    /**
     * Server, while paused at a ClientHello: the session to resume.
     *
     * @return false when the bytes are no session; the handshake will be a full one
     */
    public boolean offerSession(byte[] der) {
        return took(der, Glue::sp_conn_offer_session, "No ClientHello waits for a session");
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
        return calls.callWithBytes(name, Glue::sp_conn_select_alpn) == Glue.SP_OK;
    }

    /**
     * Server, while paused at a ClientHello or a certificate question: certificates, keys, chains,
     * trust and client CA names of another context, for this connection. Protocol range, suites,
     * tickets and options stay.
     *
     * @return false when that context has no certificate; its trust is used all the same
     */
    public boolean useIdentity(SecureContext other) {
        return use(other, Glue::sp_conn_use_identity);
    }

    /**
     * Server, while paused at a ClientHello or a certificate question: the same without trust and
     * client CA names, which stay.
     *
     * @return false, with nothing changed, when that context has no certificate
     */
    public boolean useCertificates(SecureContext other) {
        return use(other, Glue::sp_conn_use_certificates);
    }

    @FunctionalInterface
    private interface Switch {
        int use(long conn, long ctx, long report);
    }

    private boolean use(SecureContext other, Switch kind) {
        long ctx = other.acquire();
        try {
            int result = calls.callReporting((conn, report) -> kind.use(conn, ctx, report));
            if (result == Glue.SP_IGNORED) {
                return false;
            }
            check(result, "The identity was refused");
            return true;
        } finally {
            other.release();
        }
    }

    /**
     * Server, while paused at a certificate question: the OCSP response to staple; null or empty
     * for none.
     */
    public void setOCSPResponse(byte[] der) {
        took(
                der == null ? new byte[0] : der,
                Glue::sp_conn_set_ocsp_response,
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
        return calls.call(conn -> Glue.sp_conn_answer(conn, sequence, alert)) == Glue.SP_OK;
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
                (conn, report) -> Glue.sp_conn_renegotiate(conn, abbreviated ? 1 : 0, report),
                "Renegotiation");
    }

    /**
     * Server, TLS 1.3, once secure: asks for a certificate, if the client offered to be asked; the
     * next read or write sends it. {@link ConnectionEvent.ClientCertificate} reports that the
     * answer came. {@link #setVerify} decides whether it may be none.
     *
     * @throws TLSException ERR_SSL_EXTENSION_NOT_RECEIVED when the client did not offer it,
     *     ERR_SSL_REQUEST_PENDING while one request is open, ERR_SSL_WRONG_SSL_VERSION before TLS
     *     1.3
     */
    public void requestClientCertificate() throws TLSException {
        handshake(Glue::sp_conn_request_client_certificate, "The certificate request");
    }

    /** TLS 1.3, once secure: changes the keys of our direction, and of the peer's if asked to. */
    public void keyUpdate(boolean requestPeer) throws TLSException {
        handshake(
                (conn, report) -> Glue.sp_conn_key_update(conn, requestPeer ? 1 : 0, report),
                "The key update");
    }

    private void handshake(Calls.ReportingCall kind, String what) throws TLSException {
        int result = calls.callReporting(kind);
        rejectMisuse(result, what);
        if (result != Glue.SP_OK) {
            throw TLSException.of(ErrorReport.ofLastCall(), what, null);
        }
    }

    // ---------------------------------------------------------------- state ----

    /** "TLSv1.3"; before the handshake the highest that is possible ({@code SSL_get_version}). */
    public String protocol() {
        return text(Glue.SP_GET_PROTOCOL);
    }

    /** The same as a number of {@link Protocol}. */
    public int version() {
        return (int) calls.number(Glue.SP_INT_VERSION);
    }

    /** The highest version that may be negotiated. */
    public int maxVersion() {
        return (int) calls.number(Glue.SP_INT_MAX_VERSION);
    }

    /** OpenSSL's name of the cipher suite, or null. */
    public String cipherName() {
        return text(Glue.SP_GET_CIPHER_NAME);
    }

    /** The RFC's name of the cipher suite, or null. */
    public String cipherStandardName() {
        return text(Glue.SP_GET_CIPHER_STANDARD_NAME);
    }

    /** The protocol that brought the cipher suite ({@code SSL_CIPHER_get_version}), or null. */
    public String cipherVersion() {
        return text(Glue.SP_GET_CIPHER_VERSION);
    }

    /** The name asked for by SNI, or null. On servers the first hello's; others are refused. */
    public String servername() {
        return text(Glue.SP_GET_SERVERNAME);
    }

    /** The ALPN protocol agreed on, each byte one char; null when there is none. */
    public String alpnProtocol() {
        return latin(Glue.SP_GET_ALPN);
    }

    /** The NPN protocol agreed on, each byte one char; null when there is none. */
    public String npnProtocol() {
        return latin(Glue.SP_GET_NPN);
    }

    /** The session ({@code i2d_SSL_SESSION}): secret. Null before there is one. */
    public byte[] session() {
        return calls.get(Glue.SP_GET_SESSION);
    }

    /** Client: the session ticket, or null. */
    public byte[] ticket() {
        return calls.get(Glue.SP_GET_TICKET);
    }

    /** The session id, or null. */
    public byte[] sessionId() {
        return calls.get(Glue.SP_GET_SESSION_ID);
    }

    /** Our last Finished message, or null. */
    public byte[] finished() {
        return calls.get(Glue.SP_GET_FINISHED);
    }

    /** The peer's last Finished message, or null. */
    public byte[] peerFinished() {
        return calls.get(Glue.SP_GET_PEER_FINISHED);
    }

    /** DER of our certificate, or null. */
    public byte[] ownCertificate() {
        return calls.get(Glue.SP_GET_OWN_CERTIFICATE);
    }

    /** DER of our certificate and the chain sent with it, or null. */
    public List<byte[]> ownChain() {
        return list(Glue.SP_GET_OWN_CHAIN);
    }

    /** DER of the peer's certificate, or null. */
    public byte[] peerCertificate() {
        return calls.get(Glue.SP_GET_PEER_CERTIFICATE);
    }

    /**
     * DER of the peer's certificate and of what came with it, leaf first; null when there is none.
     */
    public List<byte[]> peerChain() {
        return list(Glue.SP_GET_PEER_CHAIN);
    }

    /**
     * DER of the peer's certificate, its issuer, and so on, completed from the trust store; null
     * when there is none.
     */
    public List<byte[]> peerChainCompleted() {
        return list(Glue.SP_GET_PEER_CHAIN_COMPLETED);
    }

    /** Client: DER of the CA names that the server asked with, or null. */
    public List<byte[]> peerClientCAs() {
        return list(Glue.SP_GET_PEER_CLIENT_CAS);
    }

    /** Client: the stapled OCSP response, or null. */
    public byte[] ocspResponse() {
        return calls.get(Glue.SP_GET_OCSP_RESPONSE);
    }

    /** Whether the handshake resumed a session. */
    public boolean isSessionReused() {
        return calls.number(Glue.SP_INT_REUSED) == 1;
    }

    /** Whether the present session can be resumed. */
    public boolean isSessionResumable() {
        return calls.number(Glue.SP_INT_SESSION_RESUMABLE) == 1;
    }

    /** Whether the peer knows secure renegotiation (RFC 5746). */
    public boolean isSecureRenegotiation() {
        return calls.number(Glue.SP_INT_SECURE_RENEGOTIATION) == 1;
    }

    /** Whether a pre-shared key was used. */
    public boolean isPSKUsed() {
        return calls.number(Glue.SP_INT_PSK_USED) == 1;
    }

    /** How many handshakes followed the first one. */
    public int renegotiations() {
        return (int) calls.number(Glue.SP_INT_RENEGOTIATIONS);
    }

    /**
     * X509_V_* of the last evaluation of the peer's chain, 0 when it is fine; meaningless without a
     * peer certificate.
     */
    public long verifyResult() {
        return calls.number(Glue.SP_INT_VERIFY_RESULT);
    }

    /** The verify result as a code: "DEPTH_ZERO_SELF_SIGNED_CERT"; null when it is fine. */
    public String verifyErrorName() {
        long result = verifyResult();
        return result == 0 ? null : describe(result, Glue::sp_x509_error_name);
    }

    /** The verify result in OpenSSL's words: "self-signed certificate"; "ok" when it is fine. */
    public String verifyErrorText() {
        return describe(verifyResult(), Glue::sp_x509_error_text);
    }

    /** Whether the peer has shown a certificate. */
    public boolean hasPeerCertificate() {
        return calls.number(Glue.SP_INT_HAS_PEER_CERT) == 1;
    }

    /**
     * Client: the key exchange as "ECDH prime256v1 256", "DH - 2048", "KEM X25519MLKEM768 -"; null
     * when there is none.
     */
    public String ephemeralKey() {
        return text(Glue.SP_GET_EPHEMERAL);
    }

    /**
     * Signature algorithms shared with the peer in Node's form, joined by ':'; null when there are
     * none.
     */
    public String sharedSigalgs() {
        return text(Glue.SP_GET_SHARED_SIGALGS);
    }

    /** Name of the negotiated group, or null. */
    public String group() {
        return text(Glue.SP_GET_GROUP);
    }

    /** The client's 32 random bytes, or null. */
    public byte[] clientRandom() {
        return calls.get(Glue.SP_GET_CLIENT_RANDOM);
    }

    /** The server's 32 random bytes, or null. */
    public byte[] serverRandom() {
        return calls.get(Glue.SP_GET_SERVER_RANDOM);
    }

    /** The master secret, for research; the caller must wipe it. Null when there is none. */
    public byte[] masterKey() {
        return calls.get(Glue.SP_GET_MASTER_KEY);
    }

    /**
     * Derives key material that both ends share (RFC 5705, {@code SSL_export_keying_material}).
     *
     * @param length in bytes, at least 1
     * @param context null for none, which TLS 1.2 distinguishes from an empty one
     * @throws TLSException when OpenSSL refuses, or the connection has failed
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
            Memory m = Memory.current();
            m.reserveOut(length);
            m.stage(name.length + contextLength);
            try {
                long nameAddress = m.put(name);
                int result = Glue.sp_conn_export(
                        conn,
                        m.outAddress(),
                        length,
                        nameAddress,
                        name.length,
                        m.put(context),
                        contextLength,
                        m.reportAddress);
                rejectMisuse(result, "Exporting key material");
                if (result != Glue.SP_OK) {
                    throw TLSException.of(ErrorReport.of(m), "Exporting key material", null);
                }
                return m.takeOut(length);
            } finally {
                m.unstage();
            }
        } finally {
            handle.exit();
        }
    }

    private String text(int what) {
        byte[] bytes = calls.get(what);
        return bytes == null ? null : new String(bytes, StandardCharsets.UTF_8);
    }

    private String latin(int what) {
        byte[] bytes = calls.get(what);
        return bytes == null ? null : new String(bytes, StandardCharsets.ISO_8859_1);
    }

    private List<byte[]> list(int what) {
        byte[] items = calls.get(what);
        return items == null ? null : Outputs.items(items);
    }

    // ---------------------------------------------------------------- results ----

    /** False when the bytes were unusable and nothing changed. */
    private boolean took(byte[] bytes, Calls.BytesCall function, String what) {
        int result = calls.callWithBytes(bytes, function);
        if (result != Glue.SP_IGNORED) {
            check(result, what);
        }
        return result == Glue.SP_OK;
    }
}
