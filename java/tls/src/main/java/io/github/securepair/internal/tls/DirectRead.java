package io.github.securepair.internal.tls;

import io.github.securepair.engine.unchecked.AddressTurns;
import io.github.securepair.internal.transport.Receiver;

import java.nio.ByteBuffer;

/**
 * Decides turn by turn whether a record is decrypted straight into the receiver's own memory
 * ({@link Receiver#target()}), where that memory is, and whether what the turn brought may stay
 * there. One record in a turn goes that way; several small ones cost less to copy than to decrypt
 * one by one.
 */
final class DirectRead {
    /** The plaintext of a record, at most: what the memory has to hold. */
    static final int RECORD = 16384;

    /** From which size of records on it costs less to decrypt several one by one than to copy. */
    private static final int LARGE = 8 * 1024;

    private final boolean hasPskCallback;
    /** Records are large or arrive one by one. */
    private boolean preferred = true;
    /** The receiver's memory, from the choice until what is in it was delivered; else null. */
    private ByteBuffer target;
    /** The memory used last, and its address. */
    private ByteBuffer known;

    private long knownAddress;

    /**
     * Makes one.
     *
     * @param hasPskCallback a PSK callback runs inside the native call and could free the memory,
     *     so nothing is ever read directly then
     */
    DirectRead(boolean hasPskCallback) {
        this.hasPskCallback = hasPskCallback;
    }

    /** Before a turn: chooses whether its plaintext goes into the receiver's memory. */
    void choose(Receiver receiver, Scratch scratch, boolean hasLeftover) {
        boolean may = preferred && !hasPskCallback && scratch.carried() == 0 && !hasLeftover;
        target = may ? receiver.target() : null;
        if (target != null) {
            if (target.capacity() < RECORD || !isUsable(target)) {
                target = null;
            } else if (target != known) {
                known = target;
                knownAddress = AddressTurns.addressOf(target);
            }
        }
    }

    /**
     * Whether the memory exists and belongs to this thread. If not, the receiver finds that out
     * when it is given the plaintext to copy.
     */
    private static boolean isUsable(ByteBuffer memory) {
        try {
            memory.clear().get(0);
            return true;
        } catch (RuntimeException unusable) {
            return false;
        }
    }

    /** Whether plaintext goes, or went, into the receiver's memory. */
    boolean isChosen() {
        return target != null;
    }

    /** Where that memory is. */
    long address() {
        return knownAddress;
    }

    /**
     * After a turn: anything but exactly one record is copied out and takes the usual way. That
     * holds for a record with events too: their listeners may change, use or free the memory.
     */
    void confirm(Receiver receiver, Scratch scratch) {
        if (scratch.isEmpty()) {
            target = null;
        } else if (target == null) {
            preferred = isPreferredAfter(scratch);
        } else if (!scratch.isOneRecord()
                || !scratch.events.isEmpty()
                || receiver.target() != target) {
            scratch.copyPlain(target);
            target = null;
            preferred = isPreferredAfter(scratch);
        }
    }

    private static boolean isPreferredAfter(Scratch scratch) {
        return scratch.isOneRecord() || scratch.lastRecord() >= LARGE;
    }

    /** The receiver is about to be given what is in its memory. */
    void delivered() {
        target = null;
    }

    /** Keeps no reference to memory of a receiver. */
    void forget() {
        target = null;
        known = null;
    }
}
