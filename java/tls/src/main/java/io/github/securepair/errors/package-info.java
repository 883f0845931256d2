/**
 * Node's errors: system errors, argument errors, and whatever else carries one of Node's codes. All
 * of them are {@link io.github.securepair.errors.Coded}.
 */
package io.github.securepair.errors;
