package io.github.securepair.events;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.concurrent.TimeUnit;

@Timeout(30)
class TimerTest {
    private final List<String> log = Collections.synchronizedList(new ArrayList<>());
    private EventLoop loop;
    private ManualClock clock;

    @BeforeEach
    void open() {
        loop = EventLoop.create();
        clock = loop.manualClock();
    }

    @AfterEach
    void close() throws Exception {
        loop.close();
        loop.closed().get(10, TimeUnit.SECONDS);
    }

    private Timer timer(String name, long delay) {
        return loop.setTimeout(() -> log.add(name), delay);
    }

    @Test
    void timersFireInOrderOfExpiryAndThenOfStart() {
        timer("c5", 5);
        timer("a1", 1);
        timer("b2", 2);
        timer("a1 again", 1);
        clock.advance(10);
        assertEquals(List.of("a1", "a1 again", "b2", "c5"), log);
    }

    @Test
    void timersFireAtTheirTimeAndNotBefore() {
        timer("t", 100);
        clock.advance(99);
        assertEquals(List.of(), log);
        clock.advance(1);
        assertEquals(List.of("t"), log);
    }

    @Test
    void delaysOutOfRangeCountAsOneMillisecond() {
        timer("zero", 0);
        timer("negative", -5);
        timer("huge", 1L << 31);
        timer("one", 1);
        clock.advance(1);
        assertEquals(List.of("zero", "negative", "huge", "one"), log);
    }

    @Test
    void ticksRunBetweenTimers() {
        loop.setTimeout(
                () -> {
                    log.add("first");
                    loop.nextTick(() -> log.add("tick"));
                },
                1);
        timer("second", 1);
        clock.advance(1);
        assertEquals(List.of("first", "tick", "second"), log);
    }

    @Test
    void aTimerStartedByATimerWaitsItsTime() {
        loop.setTimeout(
                () -> {
                    log.add("outer " + clock.now());
                    loop.setTimeout(() -> log.add("inner"), 1);
                },
                1);
        clock.advance(1);
        assertEquals(1, log.size());
        clock.advance(1);
        assertEquals("inner", log.get(1));
    }

    @Test
    void aClosedTimerDoesNotFire() throws Exception {
        Timer gone = timer("gone", 5);
        Timer never = timer("never", 1);
        loop.setTimeout(() -> loop.clearTimeout(gone), 2);
        never.close();
        loop.clear(null);
        clock.advance(10);
        assertEquals(List.of(), log);
        assertTrue(gone.isClosed());
        assertTrue(loop.awaitIdle(10_000));
    }

    @Test
    void oneTimerMayCloseTheNext() {
        Timer[] second = new Timer[1];
        loop.setTimeout(
                () -> {
                    log.add("first");
                    second[0].close();
                },
                5);
        second[0] = timer("second", 5);
        timer("third", 5);
        clock.advance(5);
        assertEquals(List.of("first", "third"), log);
    }

    @Test
    void anIntervalRepeatsUntilItIsCleared() {
        Timer[] interval = new Timer[1];
        interval[0] = loop.setInterval(
                () -> {
                    log.add("at " + (log.size() + 1));
                    if (log.size() == 3) {
                        loop.clearInterval(interval[0]);
                    }
                },
                10);
        clock.advance(25);
        assertEquals(List.of("at 1", "at 2"), log);
        clock.advance(100);
        assertEquals(3, log.size());
    }

    @Test
    void anIntervalThatThrowsGoesOn() {
        loop.onUncaughtException(error -> log.add(error.getMessage()));
        Timer interval = loop.setInterval(
                () -> {
                    throw new IllegalStateException("again");
                },
                10);
        clock.advance(20);
        assertEquals(List.of("again", "again"), log);
        interval.close();
    }

    @Test
    void refreshStartsTheDelayAgain() {
        Timer timer = timer("t", 10);
        Timer other = timer("other", 10);
        clock.advance(8);
        timer.refresh();
        clock.advance(8);
        assertEquals(List.of("other"), log);
        clock.advance(2);
        assertEquals(List.of("other", "t"), log);
        other.close();
    }

    @Test
    void refreshWakesATimerThatHasFired() throws Exception {
        Timer timer = timer("t", 10);
        clock.advance(10);
        assertTrue(loop.awaitIdle(10_000));
        timer.refresh();
        assertTrue(loop.alive());
        clock.advance(10);
        assertEquals(List.of("t", "t"), log);
        timer.close();
        timer.refresh();
        clock.advance(10);
        assertEquals(2, log.size());
    }

    @Test
    void refreshInsideItsOwnCallbackRepeats() {
        Timer[] timer = new Timer[1];
        timer[0] = loop.setTimeout(
                () -> {
                    log.add("t");
                    if (log.size() < 3) {
                        timer[0].refresh();
                    }
                },
                10);
        clock.advance(100);
        assertEquals(List.of("t", "t", "t"), log);
    }

    @Test
    void aTimerKeepsTheLoopAliveUnlessUnreferenced() throws Exception {
        Timer timer = timer("t", 10);
        assertTrue(loop.alive());
        assertTrue(timer.hasRef());
        timer.unref();
        assertFalse(timer.hasRef());
        assertTrue(loop.awaitIdle(10_000));
        timer.ref();
        assertFalse(loop.awaitIdle(0));
        clock.advance(10);
        assertTrue(loop.awaitIdle(10_000));
        assertEquals(List.of("t"), log);
    }

    @Test
    void anUnreferencedTimerFiresWhileTheLoopRuns() {
        timer("t", 10).unref();
        clock.advance(10);
        assertEquals(List.of("t"), log);
    }

    @Test
    void distinctDelaysLeaveNothingBehind() throws Exception {
        loop.submit(() -> {
                    for (int i = 1; i <= 1000; i++) {
                        loop.setTimeout(() -> {}, 1_000_000 + i).close();
                    }
                    assertEquals(-1, loop.timers().nextExpiry());
                    return null;
                })
                .get();
    }

    @Test
    void theManualClockIsNotForTheLoopItself() throws Exception {
        loop.submit(() -> assertThrows(IllegalStateException.class, () -> clock.advance(1)))
                .get();
    }

    @Test
    void realTimersFireWithoutHelp() throws Exception {
        EventLoop real = EventLoop.create();
        long start = System.nanoTime();
        real.setTimeout(() -> log.add("b"), 30);
        real.setTimeout(() -> log.add("a"), 10);
        assertTrue(real.awaitIdle(20_000));
        long elapsed = TimeUnit.NANOSECONDS.toMillis(System.nanoTime() - start);
        assertEquals(List.of("a", "b"), log);
        assertTrue(elapsed >= 29, elapsed + " ms");
        real.close();
    }

    @Test
    void anEarlierTimerShortensASleepAlreadyBegun() throws Exception {
        EventLoop real = EventLoop.create();
        Timer late = real.setTimeout(() -> log.add("late"), 60_000);
        // The loop sleeps for a minute by now, or will in a moment.
        real.setTimeout(
                () -> {
                    log.add("early");
                    late.close();
                },
                10);
        assertTrue(real.awaitIdle(20_000));
        assertEquals(List.of("early"), log);
        real.close();
    }
}
