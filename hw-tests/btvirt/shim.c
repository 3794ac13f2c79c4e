/*
 * For BlueZ's btvirt. It opens AF_ALG sockets for each controller and gives up where the kernel has none: the ciphers
 * behind them serve pairing only, which we never reach, so sockets that lead nowhere do. And it listens at fixed paths in
 * /tmp, which two runs at once would take from each other: they go to the folder BTVIRT_FOLDER instead.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#ifndef AF_ALG
#define AF_ALG 38
#endif

static const char fixed[] = "/tmp/bt-server-";

static int is_fixed(const char *path)
{
	return path && strncmp(path, fixed, sizeof fixed - 1) == 0;
}

/* False when there is no folder, or its name is too long. */
static int moved(const char *path, char *to, size_t room)
{
	const char *folder = getenv("BTVIRT_FOLDER");
	if (!folder)
		return 0;
	int length = snprintf(to, room, "%s/%s", folder, path + strlen("/tmp/"));
	return length > 0 && (size_t)length < room;
}

int socket(int domain, int type, int protocol)
{
	static int (*real)(int, int, int);
	if (!real)
		*(void **)&real = dlsym(RTLD_NEXT, "socket");
	int fd = real(domain, type, protocol);
	return fd < 0 && domain == AF_ALG ? open("/dev/null", O_RDWR | O_CLOEXEC) : fd;
}

int bind(int fd, const struct sockaddr *address, socklen_t length)
{
	static int (*real)(int, const struct sockaddr *, socklen_t);
	if (!real)
		*(void **)&real = dlsym(RTLD_NEXT, "bind");
	if (address && address->sa_family == AF_UNIX && length == sizeof(struct sockaddr_un)) {
		struct sockaddr_un un;
		memcpy(&un, address, sizeof un);
		un.sun_path[sizeof un.sun_path - 1] = 0;
		char to[sizeof un.sun_path];
		if (is_fixed(un.sun_path) && moved(un.sun_path, to, sizeof to)) {
			strcpy(un.sun_path, to);
			return real(fd, (const struct sockaddr *)&un, sizeof un);
		}
	}
	int result = real(fd, address, length);
	return address && address->sa_family == AF_ALG ? 0 : result;
}

/* It clears the paths before it listens at them. */
int unlink(const char *path)
{
	static int (*real)(const char *);
	if (!real)
		*(void **)&real = dlsym(RTLD_NEXT, "unlink");
	char to[sizeof((struct sockaddr_un *)0)->sun_path];
	return real(is_fixed(path) && moved(path, to, sizeof to) ? to : path);
}
