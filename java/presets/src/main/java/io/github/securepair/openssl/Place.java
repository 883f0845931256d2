package io.github.securepair.openssl;

import org.bytedeco.javacpp.Pointer;
import org.bytedeco.javacpp.PointerPointer;

/**
 * Makes the {@code X **} of C: a place for one pointer, which a function reads, writes, or both.
 *
 * <p>{@code new PointerPointer<X>(1)} holds whatever was in that memory before. Many functions look
 * at {@code *place} first - {@code EVP_PKEY_generate} and {@code d2i_X} go on with the object that
 * they find - and then write into anything at all. The memory is JavaCPP's: close it, or let the
 * garbage collector find it; what the pointer in it points to is yours as the function says.
 */
public final class Place {
    private Place() {}

    /** A place that holds NULL: for what a function gives. */
    public static <X extends Pointer> PointerPointer<X> empty() {
        return of(null);
    }

    /** A place that holds this pointer: for what a function replaces, or moves on. */
    public static <X extends Pointer> PointerPointer<X> of(X pointer) {
        PointerPointer<X> place = new PointerPointer<>(1);
        place.put(0, pointer);
        return place;
    }
}
