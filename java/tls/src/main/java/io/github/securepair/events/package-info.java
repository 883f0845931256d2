/**
 * Events and the loop they are emitted on, as in Node.
 *
 * <p>{@link io.github.securepair.events.EventEmitter} files listeners under names or typed keys,
 * {@link io.github.securepair.events.EventLoop} runs callbacks on one thread.
 */
package io.github.securepair.events;
