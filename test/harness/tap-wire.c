/*
 * A wire between two taps in two network namespaces, so that an ordinary namespace can play the guest behind the tap of
 * a sandbox. It holds the sandbox's tap as the supervisor does, and can stop reading it as a sleeping machine does.
 *
 *   tap-wire SANDBOX-NETNS TAP GUEST-NETNS TAP
 *
 * Prints "ready", then one line "frame HEX" (first 64 bytes) for each frame towards the guest.
 * Reads commands, one a line: "pause" (answer "paused"), "resume" ("resumed"), "pending" ("pending 0" or "pending 1").
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <linux/if.h>
#include <linux/if_tun.h>
#include <poll.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

static void fail(const char *what) {
  perror(what);
  exit(1);
}

static int open_tap(const char *namespace, const char *name) {
  int ns = open(namespace, O_RDONLY | O_CLOEXEC);
  if (ns < 0 || setns(ns, CLONE_NEWNET) < 0) fail(namespace);
  close(ns);
  int fd = open("/dev/net/tun", O_RDWR | O_CLOEXEC | O_NONBLOCK);
  if (fd < 0) fail("/dev/net/tun");
  struct ifreq request = {.ifr_flags = IFF_TAP | IFF_NO_PI};
  strncpy(request.ifr_name, name, IFNAMSIZ - 1);
  if (ioctl(fd, TUNSETIFF, &request) < 0) fail(name);
  return fd;
}

static void show(const unsigned char *frame, ssize_t length) {
  printf("frame ");
  for (ssize_t i = 0; i < length && i < 64; i++) printf("%02x", frame[i]);
  printf("\n");
}

int main(int argc, char **argv) {
  if (argc != 5) return 2;
  int sandbox = open_tap(argv[1], argv[2]);
  int guest = open_tap(argv[3], argv[4]);
  setvbuf(stdout, NULL, _IOLBF, 0);
  printf("ready\n");
  int paused = 0;
  unsigned char frame[65536];
  for (;;) {
    struct pollfd fds[3] = {{0, POLLIN, 0}, {guest, POLLIN, 0}, {paused ? -1 : sandbox, POLLIN, 0}};
    if (poll(fds, 3, -1) < 0) fail("poll");
    if (fds[2].revents & POLLIN) {
      ssize_t length = read(sandbox, frame, sizeof frame);
      if (length > 0) {
        show(frame, length);
        if (write(guest, frame, length) < 0) perror("to guest");
      }
    }
    if (fds[1].revents & POLLIN) {
      ssize_t length = read(guest, frame, sizeof frame);
      if (length > 0 && write(sandbox, frame, length) < 0) perror("to sandbox");
    }
    if (fds[0].revents) {
      char line[64];
      ssize_t length = read(0, line, sizeof line - 1);
      if (length <= 0) return 0;
      line[length] = 0;
      if (!strncmp(line, "pause", 5)) {
        paused = 1;
        printf("paused\n");
      } else if (!strncmp(line, "resume", 6)) {
        paused = 0;
        printf("resumed\n");
      } else if (!strncmp(line, "pending", 7)) {
        struct pollfd one = {sandbox, POLLIN, 0};
        printf("pending %d\n", poll(&one, 1, 0) > 0);
      }
    }
  }
}
