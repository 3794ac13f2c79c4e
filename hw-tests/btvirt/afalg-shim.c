/*
 * BlueZ's btvirt opens AF_ALG sockets for each controller and gives up where the kernel has none. The ciphers behind
 * them serve pairing only, which we never reach: sockets that lead nowhere do.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <fcntl.h>
#include <sys/socket.h>

#ifndef AF_ALG
#define AF_ALG 38
#endif

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
	int result = real(fd, address, length);
	return address && address->sa_family == AF_ALG ? 0 : result;
}
