/**
 * The turns of a {@link io.github.securepair.engine.TLSConnection} on bare addresses, of which
 * nothing is checked. Exported only to the modules of this project that own native memory.
 */
package io.github.securepair.engine.unchecked;
