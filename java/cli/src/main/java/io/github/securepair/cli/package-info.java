/**
 * The command {@code securepair}: a thin face over {@link io.github.securepair.tls}, for people at
 * a terminal and for scripts.
 */
package io.github.securepair.cli;
