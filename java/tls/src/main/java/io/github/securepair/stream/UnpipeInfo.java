package io.github.securepair.stream;

/** Second argument of {@code 'unpipe'}: lets one pipe of several to the same destination answer. */
public final class UnpipeInfo {
    boolean hasUnpiped;

    UnpipeInfo() {}

    /** Returns whether a pipe has already taken this event as its own. */
    public boolean hasUnpiped() {
        return hasUnpiped;
    }
}
