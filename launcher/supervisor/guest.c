/* One QEMU at a time: spawn, power button, deadline, exit. */
#include "supervisor.h"
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>

enum { MAX_PLAN = 128 * 1024, MAX_ARGUMENTS = 1024, PRESS_AGAIN_MS = 2000 };

static int64_t now_ms(void)
{
	struct timespec t;
	clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

static const char *read_plan(char **arguments)
{
	static char plan[MAX_PLAN];
	size_t used = 0;
	ssize_t n;
	int fd = open("plan", O_RDONLY | O_CLOEXEC | O_NOFOLLOW), count = 0;
	if (fd < 0) return "cannot open the file plan in the sandbox directory";
	while (used < sizeof plan && (n = read(fd, plan + used, sizeof plan - used)) > 0) used += (size_t)n;
	close(fd);
	if (used == sizeof plan || !used || plan[used - 1] || plan[0] != '/')
		return "the plan is no list of arguments, each ended by NUL, under 128 KiB, the first an absolute path";
	for (char *at = plan; at < plan + used && count < MAX_ARGUMENTS; at += strlen(at) + 1) arguments[count++] = at;
	if (count == MAX_ARGUMENTS) return "the plan has more than 1023 arguments";
	arguments[count] = NULL;
	return NULL;
}

static void become_qemu(char **arguments, const struct sandbox *sandbox, int power, int output, pid_t parent)
{
	static char *const environment[] = {"PATH=/usr/bin:/bin", "LC_ALL=C", NULL};
	sigset_t none;
	sigemptyset(&none);
	/* S1: the second half closes the gap before the first. */
	bool wrong = prctl(PR_SET_PDEATHSIG, SIGKILL) || getppid() != parent;
	wrong |= dup2(open("/dev/null", O_RDONLY), 0) < 0 || dup2(output, 1) < 0 || dup2(output, 2) < 0 || dup2(power, FD_POWER) < 0;
	for (int i = 0; i < LISTENERS; i++) wrong |= dup2(sandbox->listeners[i], FD_QMP + i) < 0;
	for (int i = 0; i < sandbox->tap_count; i++) wrong |= dup2(sandbox->taps[i], FD_TAPS + i) < 0;
	close_range((unsigned)(FD_TAPS + sandbox->tap_count), ~0U, 0); /* S3 */
	if (wrong || sigprocmask(SIG_SETMASK, &none, NULL)) _exit(126);
	signal(SIGPIPE, SIG_DFL);
	execve(arguments[0], arguments, environment);
	dprintf(2, "cannot execute %s: %s\n", arguments[0], strerror(errno));
	_exit(127);
}

const char *guest_start(struct guest *guest, struct sandbox *sandbox)
{
	static char *arguments[MAX_ARGUMENTS];
	static const char hello[] = "{\"execute\":\"qmp_capabilities\"}\n";
	int power[2], output[2];
	if (guest->state == RUNNING) return "the guest is running"; /* S2 */
	const char *problem = read_plan(arguments);
	if (problem) return problem;
	restore_listeners(sandbox);
	unsigned run = guest->run + 1;
	/* S2: on disk before the fork, so a guest that may have run is known to have run after any crash. */
	if (dprintf(sandbox->lock, "%u\n", run) < 0 || fdatasync(sandbox->lock)) return "cannot record the start in the file lock";
	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, power) || pipe2(output, O_CLOEXEC)) fail("making", "pipes for QEMU");
	for (int i = 0; i < 2; i++) { power[i] = private_fd(power[i]); output[i] = private_fd(output[i]); }
	pid_t parent = getpid(), pid = fork();
	if (pid == 0) become_qemu(arguments, sandbox, power[1], output[1], parent);
	if (pid < 0) fail("forking", "QEMU");
	close(power[1]);
	close(output[1]);
	fcntl(power[0], F_SETFL, O_NONBLOCK);
	fcntl(output[0], F_SETFL, O_NONBLOCK);
	*guest = (struct guest){.state = RUNNING, .pid = pid, .run = run, .power.fd = power[0], .output.fd = output[0], .code = -1, .signal = -1};
	if (write(power[0], hello, sizeof hello - 1) < 0) kill(pid, SIGKILL); /* waits in the socket until QEMU reads */
	return NULL;
}

static void press(struct guest *guest)
{
	static const char button[] = "{\"execute\":\"system_powerdown\"}\n";
	if (guest->power.fd >= 0 && write(guest->power.fd, button, sizeof button - 1) < 0 && errno != EAGAIN) guest->kill_at = now_ms();
	guest->press_at = now_ms() + PRESS_AGAIN_MS; /* S7: a guest that was still booting did not feel the first */
}

void guest_stop(struct guest *guest, long grace_seconds)
{
	if (guest->state != RUNNING) return;
	int64_t at = now_ms() + (int64_t)grace_seconds * 1000;
	if (!guest->stopping || at < guest->kill_at) guest->kill_at = at; /* S7: brought forward, never put off */
	if (!guest->stopping && grace_seconds > 0) press(guest);
	guest->stopping = true;
	guest_tick(guest);
}

void guest_tick(struct guest *guest)
{
	if (guest->state != RUNNING || !guest->stopping) return;
	if (now_ms() < guest->kill_at) {
		if (now_ms() >= guest->press_at) press(guest);
		return;
	}
	guest->killed = true;
	kill(guest->pid, SIGKILL);
}

void tail_read(struct tail *tail)
{
	char buffer[TAIL];
	ssize_t n = -1;
	while (tail->fd >= 0 && (n = read(tail->fd, buffer, sizeof buffer)) > 0) {
		size_t length = (size_t)n, excess = tail->used + length > TAIL ? tail->used + length - TAIL : 0;
		memmove(tail->text, tail->text + excess, tail->used -= excess);
		memcpy(tail->text + tail->used, buffer, length);
		tail->text[tail->used += length] = '\0';
	}
	if (n == 0) { close(tail->fd); tail->fd = -1; }
}

/* QEMU says why as one of its last words. Inside a QMP string a quotation mark is escaped, so no guest can say it for it. */
static void find_reason(struct guest *guest)
{
	static const char key[] = "\"reason\": \"";
	const char *event = strstr(guest->power.text, "\"event\": \"SHUTDOWN\""), *reason = event ? strstr(event, key) : NULL;
	if (!reason) return;
	reason += sizeof key - 1;
	snprintf(guest->reason, sizeof guest->reason, "%.*s", (int)strcspn(reason, "\""), reason);
}

bool guest_reap(struct guest *guest)
{
	int status;
	bool exited = false;
	for (pid_t pid; (pid = waitpid(-1, &status, WNOHANG)) > 0;) {
		if (pid != guest->pid || guest->state != RUNNING) continue;
		tail_read(&guest->output);
		tail_read(&guest->power);
		find_reason(guest);
		guest->state = EXITED;
		guest->code = WIFEXITED(status) ? WEXITSTATUS(status) : -1;
		guest->signal = WIFSIGNALED(status) ? WTERMSIG(status) : -1;
		if (guest->power.fd >= 0) close(guest->power.fd);
		if (guest->output.fd >= 0) close(guest->output.fd);
		guest->power.fd = guest->output.fd = -1;
		exited = true;
	}
	return exited;
}
