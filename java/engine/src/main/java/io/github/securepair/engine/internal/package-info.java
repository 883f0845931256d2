/**
 * The ground floor of the engine: native handles, the memory that calls lend, the turns. Knows the
 * generated bindings and no class of the package above. Not exported.
 */
package io.github.securepair.engine.internal;
