package io.github.securepair.engine.internal;

import io.github.securepair.openssl.Glue;

import java.lang.ref.WeakReference;
import java.nio.ByteBuffer;

/**
 * The addresses of buffers that one thread lends again and again, since asking JNI for one costs as
 * much as a small turn. A set-associative cache: a buffer's identity hash chooses the set, the
 * first of a run of {@link #WAYS} entries, so that a few buffers in use never evict each other.
 */
final class AddressCache {
    private static final int ENTRIES = 128;
    private static final int WAYS = 4;

    /** A buffer and its address; does not keep the buffer alive. */
    private static final class Entry extends WeakReference<ByteBuffer> {
        final long address;
        final boolean readOnly;

        Entry(ByteBuffer buffer, long address) {
            super(buffer);
            this.address = address;
            this.readOnly = buffer.isReadOnly();
        }
    }

    private final Entry[] entries = new Entry[ENTRIES];

    /** Identity hashes of buffers that were looked up once, by set. */
    private final int[] usedOnce = new int[ENTRIES];

    private int nextWay;

    /**
     * Address of a direct buffer's first byte, whatever its position, without the cache. JavaCPP
     * adds the position; a duplicate, whose position no other thread can move meanwhile, has none.
     */
    static long addressOf(ByteBuffer direct) {
        return Glue.address(direct.duplicate().clear());
    }

    /** Address of a buffer that native code will read. */
    long readable(ByteBuffer buffer) {
        Entry entry = find(buffer);
        return entry != null ? entry.address : lookUp(buffer);
    }

    /** Address of a buffer that native code will write. */
    long writable(ByteBuffer buffer) {
        Entry entry = find(buffer);
        if (entry != null && !entry.readOnly) {
            return entry.address;
        }
        if (buffer.isReadOnly()) {
            throw new IllegalArgumentException("output window is read-only");
        }
        return lookUp(buffer);
    }

    private Entry find(ByteBuffer buffer) {
        int set = setOf(System.identityHashCode(buffer));
        for (int i = set; i < set + WAYS; i++) {
            Entry entry = entries[i];
            if (entry != null && entry.refersTo(buffer)) {
                return entry;
            }
        }
        return null;
    }

    private static int setOf(int hash) {
        return hash & ENTRIES - WAYS;
    }

    /** Cached on second use, so that one-shot slices do not evict long-lived buffers. */
    private long lookUp(ByteBuffer buffer) {
        if (!buffer.isDirect()) {
            throw new IllegalArgumentException("window is not a direct buffer");
        }
        long address = addressOf(buffer);
        int hash = System.identityHashCode(buffer);
        int set = setOf(hash);
        nextWay = nextWay + 1 & WAYS - 1;
        for (int i = set; i < set + WAYS; i++) {
            if (usedOnce[i] == hash) {
                store(set, new Entry(buffer, address));
                return address;
            }
        }
        usedOnce[set + nextWay] = hash;
        return address;
    }

    /** In place of a buffer that is gone, else of any of the set. */
    private void store(int set, Entry entry) {
        int place = set + nextWay;
        for (int i = set; i < set + WAYS; i++) {
            if (entries[i] == null || entries[i].refersTo(null)) {
                place = i;
                break;
            }
        }
        entries[place] = entry;
    }
}
