/* The guest that proves an accelerator: a boot sector that does what every operating system does early (long mode,
   paging, SSE, a timer interrupt that ends a hlt) and then says 0x2a to QEMU's isa-debug-exit device at port 0xf4, which
   makes QEMU exit with (0x2a << 1) | 1 = 85. Anything that goes wrong ends in another status or in the deadline.
   payload.ts holds the assembled bytes; its test assembles this file and compares. */
	.code16
	.globl _start
_start:
	cli
	xorw	%ax, %ax
	movw	%ax, %ds
	movw	%ax, %es
	movw	%ax, %ss
	movw	$0x7c00, %sp

	/* One 2 MiB page, identity mapped: PML4 at 0x1000, PDPT at 0x2000, PD at 0x3000; the IDT at 0x4000. */
	cld
	movw	$0x1000, %di
	movw	$0x1000, %cx
	xorl	%eax, %eax
	rep stosl
	movl	$0x2003, 0x1000
	movl	$0x3003, 0x2000
	movl	$0x83, 0x3000

	/* Gate 8: the BIOS leaves the timer at IRQ 0, vector 8, 18 times a second. */
	movw	$timer, 0x4080
	movl	$0x8e000008, 0x4082
	movw	$0, 0x4086

	movl	%cr4, %eax
	orl	$0x220, %eax		/* PAE, OSFXSR */
	movl	%eax, %cr4
	movl	$0x1000, %eax
	movl	%eax, %cr3
	movl	$0xc0000080, %ecx	/* EFER: long mode */
	rdmsr
	orl	$0x100, %eax
	wrmsr
	lgdt	gdt_pointer
	lidt	idt_pointer
	movl	%cr0, %eax
	andl	$~4, %eax		/* no emulated FPU, or SSE faults */
	orl	$0x80000001, %eax	/* paging, protected mode */
	movl	%eax, %cr0
	ljmp	$8, $long_mode

	.code64
long_mode:
	movl	$16, %eax
	movl	%eax, %ds
	movl	%eax, %es
	movl	%eax, %ss
	movl	$21, %eax
	movq	%rax, %xmm0
	paddq	%xmm0, %xmm0
	movq	%xmm0, %rbx		/* 42, if SSE counts right */
	/* Only the timer may interrupt. */
	movb	$0xfe, %al
	outb	%al, $0x21
	sti
wait:
	hlt
	jmp	wait

timer:
	movl	%ebx, %eax
	movl	$0xf4, %edx
	outb	%al, %dx
stop:
	cli
	hlt
	jmp	stop

	.balign	8
gdt:
	.quad	0
	.quad	0x00209a0000000000	/* code, 64 bit */
	.quad	0x0000920000000000	/* data */
gdt_pointer:
	.word	23
	.long	gdt
idt_pointer:
	.word	0x8f
	.long	0x4000

	.org	510
	.word	0xaa55
