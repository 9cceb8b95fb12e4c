// Preloaded into a server, this adds to its time of day the seconds that the file
// named by DRILL_CLOCK begins with, a 64-bit number. Clocks that nobody sets stay as
// they are. It allocates nothing: memory allocators ask for the time as they start.
#define _GNU_SOURCE
#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

static int64_t ahead(void) {
	static volatile int64_t *seconds;
	if (!seconds) {
		const char *name = getenv("DRILL_CLOCK");
		int file = name ? open(name, O_RDONLY | O_CLOEXEC) : -1;
		if (file < 0) return 0;
		void *at = mmap(0, sizeof *seconds, PROT_READ, MAP_SHARED, file, 0);
		close(file);
		if (at == MAP_FAILED) return 0;
		seconds = at;
	}
	return *seconds;
}

int clock_gettime(clockid_t clock, struct timespec *now) {
	int failed = syscall(SYS_clock_gettime, clock, now);
	if (!failed && (clock == CLOCK_REALTIME || clock == CLOCK_REALTIME_COARSE)) now->tv_sec += ahead();
	return failed;
}

int gettimeofday(struct timeval *restrict now, void *restrict zone) {
	struct timespec at;
	(void)zone;
	clock_gettime(CLOCK_REALTIME, &at);
	now->tv_sec = at.tv_sec;
	now->tv_usec = at.tv_nsec / 1000;
	return 0;
}

time_t time(time_t *now) {
	struct timespec at;
	clock_gettime(CLOCK_REALTIME, &at);
	if (now) *now = at.tv_sec;
	return at.tv_sec;
}
