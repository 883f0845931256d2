/** Turns on bare addresses, for the layer above that owns native buffers. Not exported to users. */
package io.github.securepair.engine.internal;
