// Made by hack/generate from openapi/documents; changes belong there.

export type paths = Record<string, never>;
export type webhooks = Record<string, never>;
export interface components {
    schemas: {
        /** @description One resource or subresource of a group version, as discovery names it. */
        APIResource: {
            /** @description Plural name; a subresource is <resource>/<subresource>. */
            name: string;
            /** @description Name of one; empty for subresources. */
            singularName: string;
            /** @description True when its objects live in namespaces. */
            namespaced: boolean;
            /** @description Group of the kind where it is another than that of the list. */
            group?: string;
            /** @description Version of the kind where it is another than that of the list. */
            version?: string;
            /** @description What is sent and answered. */
            kind: string;
            /** @description What can be done with it. */
            verbs: string[];
            /** @description Shorter names for people. */
            shortNames?: string[];
            /** @description Names of groups of resources, for example all. */
            categories?: string[];
            /** @description Changes with the version in which objects are stored; says nothing else. */
            storageVersionHash?: string;
        };
        /** @description What a group version serves. */
        APIResourceList: {
            /** @description v1. */
            apiVersion?: string;
            /** @description APIResourceList. */
            kind?: string;
            /** @description Group and version that are described. */
            groupVersion: string;
            /** @description The resources and subresources. */
            resources: components["schemas"]["APIResource"][];
        };
        /** @description Credentials put into the guest. Exactly one of sshPublicKey and userPassword. */
        AccessCredential: {
            /** @description SSH public keys. */
            sshPublicKey?: components["schemas"]["SSHPublicKeyAccessCredential"];
            /** @description Passwords; each key of the Secret is a user. */
            userPassword?: components["schemas"]["UserPasswordAccessCredential"];
        };
        /** @description A Secret in the machine's namespace. */
        AccessCredentialSecretSource: {
            /** @description Name of the Secret. */
            secretName: string;
        };
        /** @description Where credentials come from. */
        AccessCredentialSource: {
            /** @description A Secret in the machine's namespace. */
            secret: components["schemas"]["AccessCredentialSecretSource"];
        };
        /** @description Which hosts and neighbours are wanted or unwanted. */
        Affinity: {
            /** @description Hosts. */
            nodeAffinity?: components["schemas"]["NodeAffinity"];
            /** @description Neighbours that are wanted near. */
            podAffinity?: components["schemas"]["PodAffinity"];
            /** @description Neighbours that are wanted far. */
            podAntiAffinity?: components["schemas"]["PodAntiAffinity"];
        };
        /** @description Takes the rules of other cluster roles. */
        AggregationRule: {
            /** @description Labels of the other roles; a role that one of them selects is taken. */
            clusterRoleSelectors?: components["schemas"]["LabelSelector"][];
        };
        /** @description SeaBIOS. */
        BIOS: {
            /** @description Shows the boot menu on the serial console as well. Default false. */
            useSerial?: boolean;
        };
        /** @description Places a machine on a host; the machine and the host's reservation change in one transaction. */
        Binding: {
            /** @description torpor.dev/v1alpha1. */
            apiVersion?: string;
            /** @description Binding. */
            kind?: string;
            /** @description Name and namespace of the machine; may be absent. */
            metadata?: components["schemas"]["ObjectMeta"];
            /** @description The host. */
            target: components["schemas"]["BindingTarget"];
        };
        /** @description The host of a binding. */
        BindingTarget: {
            /** @description Name of the Host. */
            name: string;
        };
        /** @description Exactly one of bios and efi. */
        Bootloader: {
            /** @description SeaBIOS. */
            bios?: components["schemas"]["BIOS"];
            /** @description UEFI (OVMF). */
            efi?: components["schemas"]["EFI"];
        };
        /** @description A CD-ROM drive. */
        CDRomTarget: {
            /**
             * @description How it is attached.
             * @default sata
             * @enum {string}
             */
            bus?: "sata" | "scsi";
            /**
             * @description A CD-ROM is read-only; nothing else is allowed.
             * @enum {boolean}
             */
            readonly?: true;
        };
        /** @description Virtual processors; their number is cores × sockets × threads. */
        CPU: {
            /**
             * Format: int32
             * @description Cores in each socket. Default 1.
             */
            cores?: number;
            /**
             * Format: int32
             * @description Sockets. Default 1.
             */
            sockets?: number;
            /**
             * Format: int32
             * @description Threads in each core. Default 1.
             */
            threads?: number;
            /** @description Processor that the guest sees: host-model (the nearest named model of the host), host-passthrough (the host's own, hardware acceleration only), or a name that QEMU knows, for example qemu64 or Skylake-Server. Default host-model. */
            model?: string;
            /** @description Processor features switched on or off on top of the model. */
            features?: components["schemas"]["CPUFeature"][];
        };
        /** @description One processor feature. */
        CPUFeature: {
            /** @description Name as QEMU spells it, for example avx2. */
            name: string;
            /**
             * @description force and require: the guest sees it (require: only where the host has it). optional: where the host has it. disable and forbid: the guest does not see it (forbid: nor may the host have it).
             * @default require
             * @enum {string}
             */
            policy?: "force" | "require" | "optional" | "disable" | "forbid";
        };
        /** @description What the guest's real-time clock shows; at most one of utc and timezone, and neither means UTC. */
        Clock: {
            /** @description UTC, with an offset. */
            utc?: components["schemas"]["ClockUTC"];
            /** @description Local time of this zone of the IANA database, for example Europe/Berlin. */
            timezone?: string;
        };
        /** @description UTC, with an offset. */
        ClockUTC: {
            /**
             * Format: int32
             * @description Seconds that the clock is ahead of UTC. Default 0.
             */
            offsetSeconds?: number;
        };
        /** @description Data for cloud-init. At most one of userData, userDataBase64 and secretRef, at most one of networkData, networkDataBase64 and networkDataSecretRef, and at least one of all. */
        CloudInitNoCloudSource: {
            /** @description User data in clear text, at most 2048 bytes; larger data goes into a Secret. */
            userData?: string;
            /** @description User data in base64, at most 2048 bytes when decoded. */
            userDataBase64?: string;
            /** @description Secret with user data under the key userdata or userData. */
            secretRef?: components["schemas"]["LocalObjectReference"];
            /** @description Network configuration (version 1 or 2) in clear text, at most 2048 bytes. */
            networkData?: string;
            /** @description Network configuration in base64, at most 2048 bytes when decoded. */
            networkDataBase64?: string;
            /** @description Secret with network configuration under the key networkdata or networkData. */
            networkDataSecretRef?: components["schemas"]["LocalObjectReference"];
        };
        /** @description Rules for all namespaces, cluster-scoped kinds and paths. */
        ClusterRole: {
            /** @description rbac.authorization.k8s.io/v1. */
            apiVersion?: string;
            /** @description ClusterRole. */
            kind?: string;
            /** @description Name, labels and what else every object carries. */
            metadata?: components["schemas"]["ObjectMeta"];
            /** @description The rules. */
            rules?: components["schemas"]["PolicyRule"][];
            /** @description Takes the rules of other cluster roles. */
            aggregationRule?: components["schemas"]["AggregationRule"];
        };
        /** @description Gives a cluster role to subjects everywhere. */
        ClusterRoleBinding: {
            /** @description rbac.authorization.k8s.io/v1. */
            apiVersion?: string;
            /** @description ClusterRoleBinding. */
            kind?: string;
            /** @description Name, labels and what else every object carries. */
            metadata?: components["schemas"]["ObjectMeta"];
            /** @description Who gets the role. */
            subjects?: components["schemas"]["Subject"][];
            /** @description The role; it cannot be changed. */
            roleRef: components["schemas"]["RoleRef"];
        };
        /** @description One aspect of an object's state. */
        Condition: {
            /** @description Name of the aspect in CamelCase. */
            type: string;
            /**
             * @description Whether it holds.
             * @enum {string}
             */
            status: "True" | "False" | "Unknown";
            /**
             * Format: int64
             * @description metadata.generation that this was judged by.
             */
            observedGeneration?: number;
            /** @description When status changed last. */
            lastTransitionTime: components["schemas"]["Time"];
            /** @description Why in one CamelCase word, for programs. */
            reason: string;
            /** @description Why in a sentence, for people; may be empty. */
            message: string;
        };
        /** @description Small data, at most 1 MiB. */
        ConfigMap: {
            /** @description v1. */
            apiVersion?: string;
            /** @description ConfigMap. */
            kind?: string;
            /** @description Name, labels and what else every object carries. */
            metadata?: components["schemas"]["ObjectMeta"];
            /** @description Values as text. */
            data?: {
                [key: string]: string;
            };
            /** @description Values in base64; no key may be in data as well. */
            binaryData?: {
                [key: string]: string;
            };
            /** @description True means that the data can never change. */
            immutable?: boolean;
        };
        /** @description The entries of a ConfigMap as files. */
        ConfigMapSource: {
            /** @description Name of the ConfigMap. */
            name: string;
            /** @description Start with an empty disk when it is absent. Default false. */
            optional?: boolean;
            /** @description Label of the disk. Default cfgdata. */
            volumeLabel?: string;
        };
        /** @description Body of a delete request. */
        DeleteOptions: {
            /** @description v1, or the version of the group that is spoken to. */
            apiVersion?: string;
            /** @description DeleteOptions. */
            kind?: string;
            /**
             * Format: int64
             * @description Seconds that the object is given to end by itself; 0 is at once.
             */
            gracePeriodSeconds?: number;
            /** @description What must hold, else the answer is 409 Conflict. */
            preconditions?: components["schemas"]["Preconditions"];
            /** @description Older form of propagationPolicy Orphan. */
            orphanDependents?: boolean;
            /** @description What happens to dependents: Orphan, Background or Foreground. */
            propagationPolicy?: string;
            /** @description All goes through every stage and stores nothing. */
            dryRun?: string[];
            /** @description Known and refused when true; a stored object that cannot be read is an error here. */
            ignoreStoreReadErrorWithClusterBreakingPotential?: boolean;
        };
        /** @description The devices of a virtual machine. */
        Devices: {
            /** @description Disks and CD-ROM drives; each shows the volume of the same name. */
            disks?: components["schemas"]["Disk"][];
            /** @description Network interfaces; each is attached to the network of the same name. */
            interfaces?: components["schemas"]["Interface"][];
            /** @description A source of random numbers (virtio-rng), fed by the host. Absent means none. */
            rng?: components["schemas"]["Rng"];
            /** @description A watchdog that acts when the guest stops feeding it. Absent means none. */
            watchdog?: components["schemas"]["Watchdog"];
            /** @description Adds an interface on the pod network when interfaces and networks are both absent. Default true. */
            autoattachPodInterface?: boolean;
            /** @description Gives the machine a serial port; console needs it. Default true. */
            autoattachSerialConsole?: boolean;
            /** @description Gives the machine a VGA display. Default true. */
            autoattachGraphicsDevice?: boolean;
            /** @description Gives the machine a memory balloon. Default true. */
            autoattachMemBalloon?: boolean;
        };
        /** @description A disk or CD-ROM drive. At most one of disk, cdrom and lun; none means disk. */
        Disk: {
            /** @description Name of the volume that it shows. */
            name: string;
            /** @description A disk. */
            disk?: components["schemas"]["DiskTarget"];
            /** @description A CD-ROM drive. */
            cdrom?: components["schemas"]["CDRomTarget"];
            /** @description A SCSI disk that passes commands through to the device; for volumes of persistentVolumeClaim only. */
            lun?: components["schemas"]["LunTarget"];
            /**
             * Format: int32
             * @description Order in which the firmware tries to boot, counted from 1 over disks and interfaces together. Absent devices are tried last, in the order of the list.
             */
            bootOrder?: number;
            /** @description Serial number that the guest sees, for example in /dev/disk/by-id. Absent means none. */
            serial?: string;
            /**
             * @description none: past the host's cache. writethrough: written through to the medium. writeback: the guest's flushes decide. Default none where the file system can, else writeback.
             * @enum {string}
             */
            cache?: "none" | "writethrough" | "writeback";
            /**
             * @description How the host reads and writes. native needs cache none. Default threads.
             * @enum {string}
             */
            io?: "native" | "threads";
            /** @description Several machines may write to it at once; the guests must agree among themselves. Default false. */
            shareable?: boolean;
        };
        /** @description A disk. */
        DiskTarget: {
            /**
             * @description How it is attached.
             * @default virtio
             * @enum {string}
             */
            bus?: "virtio" | "sata" | "scsi";
            /** @description The guest cannot write. Default false. */
            readonly?: boolean;
        };
        /** @description The hardware of a virtual machine. */
        Domain: {
            /** @description Virtual processors. */
            cpu?: components["schemas"]["CPU"];
            /** @description Main memory. */
            memory?: components["schemas"]["Memory"];
            /** @description The board. */
            machine?: components["schemas"]["Machine"];
            /** @description What runs before the operating system, and the identity it shows. */
            firmware?: components["schemas"]["Firmware"];
            /** @description Switches of the board. */
            features?: components["schemas"]["Features"];
            /** @description What the guest's real-time clock shows. */
            clock?: components["schemas"]["Clock"];
            /**
             * @description Disks, network interfaces and other devices.
             * @default {}
             */
            devices?: components["schemas"]["Devices"];
            /** @description What the machine asks of its host beyond what follows from cpu and memory. */
            resources?: components["schemas"]["MachineResources"];
        };
        /** @description UEFI (OVMF). */
        EFI: {
            /** @description Only signed loaders start; needs features.smm, which is switched on with it. Default true. */
            secureBoot?: boolean;
            /** @description The variables (boot entries) outlive a stop. Default false. */
            persistent?: boolean;
        };
        /** @description An empty disk. */
        EmptyDiskSource: {
            /** @description Size in bytes, rounded up to 1 MiB, for example 2Gi. */
            capacity: components["schemas"]["Quantity"];
        };
        /** @description A claim that is only read. */
        EphemeralSource: {
            /** @description The claim; any number of machines may use it so at once. */
            persistentVolumeClaim: components["schemas"]["PersistentVolumeClaimSource"];
        };
        /** @description Something that happened to an object; forgotten after a while. */
        Event: {
            /** @description v1. */
            apiVersion?: string;
            /** @description Event. */
            kind?: string;
            /** @description Name, labels and what else every object carries. */
            metadata: components["schemas"]["ObjectMeta"];
            /** @description The object that it happened to. */
            involvedObject: components["schemas"]["ObjectReference"];
            /** @description What happened in one CamelCase word. */
            reason?: string;
            /** @description What happened in a sentence. */
            message?: string;
            /** @description Who says so. */
            source?: components["schemas"]["EventSource"];
            /** @description When it happened first. */
            firstTimestamp?: components["schemas"]["Time"];
            /** @description When it happened last. */
            lastTimestamp?: components["schemas"]["Time"];
            /**
             * Format: int32
             * @description How often it happened.
             */
            count?: number;
            /** @description Normal or Warning. */
            type?: string;
            /** @description When it was seen first. */
            eventTime?: components["schemas"]["MicroTime"];
            /** @description Repetitions. */
            series?: components["schemas"]["EventSeries"];
            /** @description What was done. */
            action?: string;
            /** @description Another object that has to do with it. */
            related?: components["schemas"]["ObjectReference"];
            /** @description Name of the component that says so. */
            reportingComponent?: string;
            /** @description Which one of them. */
            reportingInstance?: string;
        };
        /** @description Repetitions of an event. */
        EventSeries: {
            /**
             * Format: int32
             * @description How often.
             */
            count?: number;
            /** @description When last. */
            lastObservedTime?: components["schemas"]["MicroTime"];
        };
        /** @description Who says so. */
        EventSource: {
            /** @description Name of the component. */
            component?: string;
            /** @description Host that it runs on. */
            host?: string;
        };
        /** @description A command in the guest. */
        ExecAction: {
            /** @description Program and arguments; no shell is involved. */
            command: string[];
        };
        /** @description What the guest may know of the hypervisor. */
        FeatureKVM: {
            /** @description Hides the hypervisor's signature from the guest. Default false. */
            hidden?: boolean;
        };
        /** @description A switch. */
        FeatureState: {
            /**
             * @description On or off.
             * @default true
             */
            enabled?: boolean;
        };
        /** @description Switches of the board. */
        Features: {
            /** @description ACPI; without it the machine cannot be asked to power off. Default on. */
            acpi?: components["schemas"]["FeatureState"];
            /** @description System management mode; EFI secure boot needs it. Default off. */
            smm?: components["schemas"]["FeatureState"];
            /** @description What the guest may know of the hypervisor. */
            kvm?: components["schemas"]["FeatureKVM"];
        };
        /** @description A set of fields as a tree whose keys are f:<name>, k:<keys>, v:<value> or i:<index>; "." stands for the field itself. */
        FieldsV1: {
            [key: string]: unknown;
        };
        /** @description What runs before the operating system, and the identity it shows. */
        Firmware: {
            /** @description Identity of the machine as SMBIOS shows it; cloud-init's instance id comes from it. Absent means one derived from the object's uid, so it keeps over restarts. */
            uuid?: string;
            /** @description Serial number of the board as SMBIOS shows it. */
            serial?: string;
            /** @description BIOS or UEFI. Absent means BIOS. */
            bootloader?: components["schemas"]["Bootloader"];
            /** @description Boots a kernel straight from an image instead of from a disk. */
            kernelBoot?: components["schemas"]["KernelBoot"];
        };
        /** @description Nothing to set. */
        GuestAgentPasswordPropagation: Record<string, never>;
        /** @description Nothing to set. */
        GuestAgentPing: Record<string, never>;
        /** @description Users that get the keys. */
        GuestAgentSSHPropagation: {
            /** @description Names of the users in the guest. */
            users: string[];
        };
        /** @description The guest's operating system, as its agent says. */
        GuestOSInfo: {
            /** @description Name, for example Debian GNU/Linux. */
            name?: string;
            /** @description Short name, for example debian. */
            id?: string;
            /** @description Version as text. */
            version?: string;
            /** @description Version as identifier, for example 12. */
            versionId?: string;
            /** @description Name and version for people. */
            prettyName?: string;
            /** @description Release of the kernel. */
            kernelRelease?: string;
            /** @description Build of the kernel. */
            kernelVersion?: string;
            /** @description Processor architecture, for example x86_64. */
            machine?: string;
            /** @description Host name that the guest gave itself. */
            hostname?: string;
        };
        /** @description A request to the guest. */
        HTTPGetAction: {
            /** @description Path of the request. Default /. */
            path?: string;
            /** @description Port number, or the name of a port of an interface. */
            port: components["schemas"]["IntOrString"];
            /**
             * @description HTTPS does not verify the guest's certificate.
             * @default HTTP
             * @enum {string}
             */
            scheme?: "HTTP" | "HTTPS";
            /** @description Headers of the request. */
            httpHeaders?: components["schemas"]["HTTPHeader"][];
        };
        /** @description A header of a request. */
        HTTPHeader: {
            /** @description Name of the header. */
            name: string;
            /** @description Value of the header. */
            value: string;
        };
        /** @description A host that runs virtual machines. Its name is the node's; its launcher makes and updates it. */
        Host: {
            /** @description torpor.dev/v1alpha1. */
            apiVersion?: string;
            /** @description Host. */
            kind?: string;
            /** @description Name, labels and what else every object carries; labels are matched by nodeSelector and affinity. */
            metadata?: components["schemas"]["ObjectMeta"];
            /**
             * @description What an administrator wants of it.
             * @default {}
             */
            spec?: components["schemas"]["HostSpec"];
            /** @description What it is; written by its launcher. */
            status?: components["schemas"]["HostStatus"];
        };
        /** @description What runs guests. */
        HostAccelerator: {
            /**
             * @description kvm is hardware and tcg emulation.
             * @enum {string}
             */
            name?: "kvm" | "tcg";
            /** @description What the trial said. */
            reason?: string;
        };
        /** @description Where a host's launcher listens. */
        HostAgent: {
            /** @description Address and port for mutual TLS, for example 127.0.0.1:7445. */
            endpoint?: string;
        };
        /** @description A disk image in the cache. */
        HostImage: {
            /** @description Digest of the manifest. */
            digest: string;
            /** @description References that led to it. */
            names?: string[];
            /**
             * Format: int64
             * @description Bytes on the host's disk.
             */
            sizeBytes?: number;
        };
        /** @description Values of this moment. */
        HostLive: {
            /** @description The launcher holds a connection to this server. */
            connected?: boolean;
            /** @description Since when. */
            since?: components["schemas"]["Time"];
            /**
             * Format: int32
             * @description Machines that the launcher holds.
             */
            machines?: number;
        };
        /** @description Amounts of what machines need. */
        HostResources: {
            /** @description Cores. */
            cpu?: components["schemas"]["Quantity"];
            /** @description Memory in bytes. */
            memory?: components["schemas"]["Quantity"];
        };
        /** @description What an administrator wants of a host. */
        HostSpec: {
            /** @description No further machine is placed here. Default false. */
            unschedulable?: boolean;
            /** @description Keep machines away that do not tolerate them. */
            taints?: components["schemas"]["Taint"][];
        };
        /** @description What a host is. */
        HostStatus: {
            /** @description What it has. */
            capacity?: components["schemas"]["HostResources"];
            /** @description What machines may have of it. */
            allocatable?: components["schemas"]["HostResources"];
            /** @description Ready: machines can start. Accelerated: hardware runs them. */
            conditions?: components["schemas"]["Condition"][];
            /** @description Addresses of the host, the primary one first. */
            addresses?: string[];
            /** @description Where its launcher listens. */
            agent?: components["schemas"]["HostAgent"];
            /** @description What runs guests, found by trying. */
            accelerator?: components["schemas"]["HostAccelerator"];
            /** @description Machine types that its QEMU has. */
            machineTypes?: string[];
            /** @description Version of its launcher. */
            launcherVersion?: string;
            /** @description Version of its QEMU. */
            qemuVersion?: string;
            /** @description Disk images in its cache, the largest first, at most 50. */
            images?: components["schemas"]["HostImage"][];
            /** @description Values merged in at read time and never stored; null when this server has no connection to the host. */
            live?: components["schemas"]["HostLive"] | null;
        };
        /** @description An Intel 6300ESB. */
        I6300ESBWatchdog: {
            /**
             * @description What it does: poweroff (pulls the plug), reset (hard reset), shutdown (ACPI power button).
             * @default reset
             * @enum {string}
             */
            action?: "poweroff" | "reset" | "shutdown";
        };
        /** @description Puts a machine to sleep that nobody uses. */
        IdlePolicy: {
            /**
             * Format: duration
             * @description How long nothing may happen before the action is taken, as a Go duration, for example 5m or 1h30m. At least 1s.
             */
            after: string;
            /**
             * @description What is done. Suspend keeps the guest's memory in a file and frees everything else; the first packet, console or call wakes it.
             * @default Suspend
             * @enum {string}
             */
            action?: "Suspend";
        };
        /**
         * Format: int-or-string
         * @description A whole number, or text where a name or a percentage is allowed too.
         */
        IntOrString: number | string;
        /** @description A network interface. */
        Interface: {
            /** @description Name of the network that it is attached to. */
            name: string;
            /**
             * @description The card that the guest sees.
             * @default virtio
             * @enum {string}
             */
            model?: "virtio" | "e1000e" | "rtl8139";
            /** @description The guest has a private address behind the machine's own; what arrives at the machine's address is passed on to it. The default, and the only binding. */
            masquerade?: components["schemas"]["InterfaceMasquerade"];
            /** @description Ports that reach the guest. Absent or empty means all ports. */
            ports?: components["schemas"]["Port"][];
            /** @description Address of the card, for example 52:54:00:12:34:56. Absent means one derived from the object's uid, so it keeps over restarts. */
            macAddress?: string;
            /**
             * Format: int32
             * @description Order in which the firmware tries to boot (PXE), counted from 1 over disks and interfaces together. Absent means that it is not booted from.
             */
            bootOrder?: number;
        };
        /** @description The guest has a private address behind the machine's own. Nothing to set. */
        InterfaceMasquerade: Record<string, never>;
        /** @description A network interface as it is. */
        InterfaceStatus: {
            /** @description Name of the interface in the spec. */
            name: string;
            /** @description Address under which others reach the guest. */
            ipAddress?: string;
            /** @description All such addresses. */
            ipAddresses?: string[];
            /** @description Address that the guest itself sees. */
            guestAddress?: string;
            /** @description Address of the card. */
            mac?: string;
            /** @description Name of the interface inside the guest, as its agent says. */
            interfaceName?: string;
            /** @description Who says so, comma-separated: domain, guest-agent. */
            infoSource?: string;
        };
        /** @description Boots a kernel straight from an image instead of from a disk. */
        KernelBoot: {
            /** @description Command line of the kernel. */
            kernelArgs?: string;
            /** @description The image that holds kernel and initrd. */
            container: components["schemas"]["KernelBootContainer"];
        };
        /** @description An OCI image with a kernel, an initrd or both. */
        KernelBootContainer: {
            /** @description Image reference, by tag or digest. */
            image: string;
            /** @description Secret of type kubernetes.io/dockerconfigjson in the machine's namespace. */
            imagePullSecret?: string;
            /**
             * @description When the registry is asked. Default Always for an untagged or latest image, else IfNotPresent.
             * @enum {string}
             */
            imagePullPolicy?: "Always" | "IfNotPresent" | "Never";
            /** @description Absolute path of the kernel in the image. */
            kernelPath?: string;
            /** @description Absolute path of the initrd in the image. */
            initrdPath?: string;
        };
        /** @description Selects objects by labels; all conditions must hold, and an empty selector selects everything. */
        LabelSelector: {
            /** @description Labels that must have exactly these values. */
            matchLabels?: {
                [key: string]: string;
            };
            /** @description Further conditions. */
            matchExpressions?: components["schemas"]["LabelSelectorRequirement"][];
        };
        /** @description One condition on a label. */
        LabelSelectorRequirement: {
            /** @description Key of the label. */
            key: string;
            /**
             * @description How the label's value relates to values.
             * @enum {string}
             */
            operator: "In" | "NotIn" | "Exists" | "DoesNotExist";
            /** @description Values for In and NotIn; empty for the other operators. */
            values?: string[];
        };
        /** @description Who is in charge, and until when. */
        Lease: {
            /** @description coordination.k8s.io/v1. */
            apiVersion?: string;
            /** @description Lease. */
            kind?: string;
            /** @description Name, labels and what else every object carries. */
            metadata?: components["schemas"]["ObjectMeta"];
            /** @description The lease. */
            spec?: components["schemas"]["LeaseSpec"];
        };
        /** @description Who is in charge, and until when. */
        LeaseSpec: {
            /** @description Who is in charge; empty when nobody is. */
            holderIdentity?: string;
            /**
             * Format: int32
             * @description Seconds after renewTime until another may take over.
             */
            leaseDurationSeconds?: number;
            /** @description When the holder took over. */
            acquireTime?: components["schemas"]["MicroTime"];
            /** @description When the holder renewed last. */
            renewTime?: components["schemas"]["MicroTime"];
            /**
             * Format: int32
             * @description How often the holder changed.
             */
            leaseTransitions?: number;
            /** @description How a holder is chosen; kept and not acted on. */
            strategy?: string;
            /** @description Who should take over; kept and not acted on. */
            preferredHolder?: string;
        };
        /** @description What every list carries. */
        ListMeta: {
            /** @description No longer filled. */
            selfLink?: string;
            /** @description Version of the collection that the list shows; a watch may start here. */
            resourceVersion?: string;
            /** @description Token for the next page; empty on the last one. */
            continue?: string;
            /**
             * Format: int64
             * @description How many objects follow this page; absent when unknown.
             */
            remainingItemCount?: number;
        };
        /** @description An object in the machine's namespace. */
        LocalObjectReference: {
            /** @description Name of the object. */
            name?: string;
        };
        /** @description Asks what somebody may do in one namespace. */
        LocalSubjectAccessReview: {
            /** @description authorization.k8s.io/v1. */
            apiVersion?: string;
            /** @description LocalSubjectAccessReview. */
            kind?: string;
            /** @description The namespace. */
            metadata?: components["schemas"]["ObjectMeta"];
            /** @description The question, about a resource in that namespace. */
            spec: components["schemas"]["SubjectAccessReviewSpec"];
            /** @description The answer. */
            status?: components["schemas"]["SubjectAccessReviewStatus"];
        };
        /** @description A SCSI disk that passes commands through to the device. */
        LunTarget: {
            /**
             * @description How it is attached.
             * @default scsi
             * @enum {string}
             */
            bus?: "scsi";
            /** @description The guest cannot write. Default false. */
            readonly?: boolean;
        };
        /** @description The board. */
        Machine: {
            /**
             * @description Machine type as QEMU names it, for example q35, pc, or a versioned name such as pc-q35-7.2. The host must have it (Host status.machineTypes).
             * @default q35
             */
            type?: string;
        };
        /** @description How a boot ended. */
        MachineExit: {
            /** @description What ended it in one CamelCase word, for example GuestPowerOff, Requested, Killed, HypervisorDied. */
            reason?: string;
            /** @description What ended it in a sentence. */
            message?: string;
            /**
             * Format: int32
             * @description Exit code of QEMU.
             */
            exitCode?: number;
            /** @description Signal that ended QEMU, for example SIGKILL. */
            signal?: string;
            /** @description What QEMU wrote last. */
            lastOutput?: string;
            /** @description The boot that ended. */
            bootID?: string;
            /** @description When the guest ran first. */
            startedAt?: components["schemas"]["Time"];
            /** @description When it ended. */
            finishedAt?: components["schemas"]["Time"];
        };
        /** @description Values of this moment; never stored and absent from watches. */
        MachineLive: {
            /** @description Stage within the phase, for example PullingImage. */
            stage?: string;
            /** @description More on the stage. */
            message?: string;
            /** @description When the stage was entered. */
            since?: components["schemas"]["Time"];
            /**
             * Format: int64
             * @description Seconds in which nobody used the machine.
             */
            idleSeconds?: number;
            /**
             * Format: int64
             * @description Memory of the host that the machine occupies in bytes.
             */
            residentMemory?: number;
            /**
             * Format: int64
             * @description Thousandths of a host's core that the machine uses.
             */
            cpuMillicores?: number;
        };
        /** @description Something a verb asked for. */
        MachineRequest: {
            /** @description Identity of the request (UUID). */
            id: string;
            /**
             * @description The verb.
             * @enum {string}
             */
            action: "start" | "stop" | "restart";
            /** @description What the verb was given. */
            args?: components["schemas"]["MachineRequestArgs"];
            /** @description Given by the caller; a request with a key that is already here is not added again. */
            idempotencyKey?: string;
            /** @description When the request is dropped although nothing came of it. */
            expires?: components["schemas"]["Time"];
        };
        /** @description What a verb was given. */
        MachineRequestArgs: {
            /** @description The boot that the request is about; a later boot has nothing to do with it. */
            bootID?: string;
            /**
             * Format: int64
             * @description Seconds between the ACPI power button and pulling the plug.
             */
            gracePeriodSeconds?: number;
        };
        /** @description What the machine asks of its host. Only cpu and memory count. */
        MachineResources: {
            /** @description Reserved for the machine: cpu in cores (default: 100m for each virtual processor), memory in bytes (default: guest memory plus overhead). */
            requests?: {
                [key: string]: components["schemas"]["Quantity"];
            };
            /** @description Never exceeded: cpu in cores, memory in bytes. */
            limits?: {
                [key: string]: components["schemas"]["Quantity"];
            };
        };
        /** @description The board that the machine really has. */
        MachineStatus: {
            /** @description Versioned machine type, for example pc-q35-7.2. */
            type?: string;
            /** @description kvm for hardware or tcg for emulation. */
            accelerator?: string;
            /** @description Version of QEMU. */
            qemuVersion?: string;
        };
        /** @description Which fields one manager set, by which operation and when. */
        ManagedFieldsEntry: {
            /** @description Name of the manager that set these fields. */
            manager?: string;
            /** @description Apply for server-side apply, Update for every other write. */
            operation?: string;
            /** @description API version in which the fields are named. */
            apiVersion?: string;
            /** @description When this entry was last changed. */
            time?: components["schemas"]["Time"];
            /** @description Format of fieldsV1; FieldsV1 is the only one. */
            fieldsType?: string;
            /** @description The fields themselves. */
            fieldsV1?: components["schemas"]["FieldsV1"];
            /** @description Subresource through which the fields were written, empty for the object itself. */
            subresource?: string;
        };
        /** @description Main memory of the guest. */
        Memory: {
            /** @description Memory that the guest sees at boot, in bytes, for example 512Mi. Absent means resources.requests.memory, else resources.limits.memory. */
            guest?: components["schemas"]["Quantity"];
            /** @description Up to how much memory may be plugged in while the machine runs, in bytes. Absent means guest. */
            maxGuest?: components["schemas"]["Quantity"];
            /**
             * @description Where the memory lives on the host. File: in a file on disk, so that suspending costs no copy; the default with an idle policy. Memory: in shared memory, without write-back; the default otherwise.
             * @enum {string}
             */
            backing?: "File" | "Memory";
        };
        /**
         * Format: date-time
         * @description A moment as RFC 3339 text with microseconds, for example 2026-03-01T12:00:00.000000Z.
         */
        MicroTime: string;
        /** @description A name space for objects. */
        Namespace: {
            /** @description v1. */
            apiVersion?: string;
            /** @description Namespace. */
            kind?: string;
            /** @description Name, labels and what else every object carries. */
            metadata?: components["schemas"]["ObjectMeta"];
            /** @description What is wanted. */
            spec?: components["schemas"]["NamespaceSpec"];
            /** @description What is. */
            status?: components["schemas"]["NamespaceStatus"];
        };
        /** @description One aspect of a namespace's state. */
        NamespaceCondition: {
            /** @description Name of the aspect in CamelCase. */
            type: string;
            /** @description True, False or Unknown. */
            status: string;
            /** @description When status changed last. */
            lastTransitionTime?: components["schemas"]["Time"];
            /** @description Why in one CamelCase word. */
            reason?: string;
            /** @description Why in a sentence. */
            message?: string;
        };
        /** @description What is wanted of a namespace. */
        NamespaceSpec: {
            /** @description Names of those that have work to do before the namespace may go. */
            finalizers?: string[];
        };
        /** @description What a namespace is. */
        NamespaceStatus: {
            /**
             * @description Terminating while it is emptied.
             * @enum {string}
             */
            phase?: "Active" | "Terminating";
            /** @description What keeps it from going. */
            conditions?: components["schemas"]["NamespaceCondition"][];
        };
        /** @description A network that an interface of the same name is attached to. */
        Network: {
            /** @description Name of the network and of its interface. */
            name: string;
            /** @description The network of the machine's pod; without Kubernetes, the machine's own address in Torpor's private network. The default, and the only kind. */
            pod?: components["schemas"]["PodNetwork"];
        };
        /** @description Nothing to set. */
        NoCloudPropagation: Record<string, never>;
        /** @description Which hosts are wanted. */
        NodeAffinity: {
            /** @description Must hold when the machine is placed. */
            requiredDuringSchedulingIgnoredDuringExecution?: components["schemas"]["NodeSelector"];
            /** @description Wishes; the host with the largest sum of weights wins. */
            preferredDuringSchedulingIgnoredDuringExecution?: components["schemas"]["PreferredSchedulingTerm"][];
        };
        /** @description Terms of which one must hold. */
        NodeSelector: {
            /** @description The terms. */
            nodeSelectorTerms: components["schemas"]["NodeSelectorTerm"][];
        };
        /** @description One condition on a host's label or field. */
        NodeSelectorRequirement: {
            /** @description Key of the label or field. */
            key: string;
            /**
             * @description How the value relates to values.
             * @enum {string}
             */
            operator: "In" | "NotIn" | "Exists" | "DoesNotExist" | "Gt" | "Lt";
            /** @description Values for In and NotIn; one whole number for Gt and Lt; empty for the others. */
            values?: string[];
        };
        /** @description Conditions that must all hold; an empty term matches no host. */
        NodeSelectorTerm: {
            /** @description Conditions on labels. */
            matchExpressions?: components["schemas"]["NodeSelectorRequirement"][];
            /** @description Conditions on fields; metadata.name is the only one. */
            matchFields?: components["schemas"]["NodeSelectorRequirement"][];
        };
        /** @description A request for a path that is no resource. */
        NonResourceAttributes: {
            /** @description Path. */
            path?: string;
            /** @description HTTP method in lower case. */
            verb?: string;
        };
        /** @description Verbs that are allowed on paths. */
        NonResourceRule: {
            /** @description The methods in lower case; * is all. */
            verbs: string[];
            /** @description The paths; a trailing * matches any rest. */
            nonResourceURLs?: string[];
        };
        /** @description What every stored object carries. */
        ObjectMeta: {
            /** @description Name of the object; unique in its namespace and unchangeable. */
            name?: string;
            /** @description When name is empty the server appends five random characters to this. */
            generateName?: string;
            /** @description Namespace of the object; empty for cluster-scoped kinds. */
            namespace?: string;
            /** @description No longer filled. */
            selfLink?: string;
            /** @description Set by the server; differs for every object that ever existed, whatever its name. */
            uid?: string;
            /** @description Version of the stored object; send it back to write only when nobody else has. */
            resourceVersion?: string;
            /**
             * Format: int64
             * @description Grows with every change of the wanted state (spec).
             */
            generation?: number;
            /** @description When the server stored the object first. */
            creationTimestamp?: components["schemas"]["Time"];
            /** @description Set by the server when deletion was asked for; the object goes when its finalizers are gone. */
            deletionTimestamp?: components["schemas"]["Time"];
            /**
             * Format: int64
             * @description Seconds that the object was given to end by itself.
             */
            deletionGracePeriodSeconds?: number;
            /** @description Keys and values that selectors match. */
            labels?: {
                [key: string]: string;
            };
            /** @description Keys and values for tools; never matched by selectors. */
            annotations?: {
                [key: string]: string;
            };
            /** @description The objects that this one belongs to. */
            ownerReferences?: components["schemas"]["OwnerReference"][];
            /** @description Names of those that have work to do before the object may go; the object stays while any is left. */
            finalizers?: string[];
            /** @description Who set which fields; kept by the server for server-side apply. */
            managedFields?: components["schemas"]["ManagedFieldsEntry"][];
        };
        /** @description An object. */
        ObjectReference: {
            /** @description API version. */
            apiVersion?: string;
            /** @description Kind. */
            kind?: string;
            /** @description Namespace. */
            namespace?: string;
            /** @description Name. */
            name?: string;
            /** @description UID. */
            uid?: string;
            /** @description Version of the object. */
            resourceVersion?: string;
            /** @description Part of the object. */
            fieldPath?: string;
        };
        /** @description The object that this one belongs to; when the last owner is gone, this object is collected. */
        OwnerReference: {
            /** @description API version of the owner. */
            apiVersion: string;
            /** @description Kind of the owner. */
            kind: string;
            /** @description Name of the owner. */
            name: string;
            /** @description UID of the owner. */
            uid: string;
            /** @description True for the one owner that manages this object. */
            controller?: boolean;
            /** @description True when a foreground deletion of the owner waits for this object. */
            blockOwnerDeletion?: boolean;
        };
        /** @description A change to an object in one of the patch formats. */
        Patch: {
            [key: string]: unknown;
        };
        /** @description A claim on storage. */
        PersistentVolumeClaim: {
            /** @description v1. */
            apiVersion?: string;
            /** @description PersistentVolumeClaim. */
            kind?: string;
            /** @description Name, labels and what else every object carries. */
            metadata?: components["schemas"]["ObjectMeta"];
            /**
             * @description What is wanted.
             * @default {}
             */
            spec?: components["schemas"]["PersistentVolumeClaimSpec"];
            /** @description What is. */
            status?: components["schemas"]["PersistentVolumeClaimStatus"];
        };
        /** @description One aspect of a claim's state. */
        PersistentVolumeClaimCondition: {
            /** @description Name of the aspect in CamelCase. */
            type: string;
            /** @description True, False or Unknown. */
            status: string;
            /** @description When it was looked at last. */
            lastProbeTime?: components["schemas"]["Time"];
            /** @description When status changed last. */
            lastTransitionTime?: components["schemas"]["Time"];
            /** @description Why in one CamelCase word. */
            reason?: string;
            /** @description Why in a sentence. */
            message?: string;
        };
        /** @description A claim in the machine's namespace. In filesystem mode its disk.img is the disk (made when missing, sparse, at the claim's size); in block mode the device is. */
        PersistentVolumeClaimSource: {
            /** @description Name of the claim. */
            claimName: string;
            /** @description The guest cannot write. Default false. */
            readOnly?: boolean;
        };
        /** @description What is wanted of storage. */
        PersistentVolumeClaimSpec: {
            /** @description Who may use it at once. */
            accessModes?: ("ReadWriteOnce" | "ReadOnlyMany" | "ReadWriteMany" | "ReadWriteOncePod")[];
            /** @description How much. */
            resources?: components["schemas"]["VolumeResourceRequirements"];
            /** @description Who provides it. Absent means the default: a directory on the host. */
            storageClassName?: string;
            /**
             * @description A directory or a device.
             * @default Filesystem
             * @enum {string}
             */
            volumeMode?: "Filesystem" | "Block";
            /** @description The storage that the claim was given; set by the provisioner. */
            volumeName?: string;
            /** @description Labels that the storage must have. */
            selector?: components["schemas"]["LabelSelector"];
        };
        /** @description What a claim has. */
        PersistentVolumeClaimStatus: {
            /**
             * @description Bound when it has storage.
             * @enum {string}
             */
            phase?: "Pending" | "Bound" | "Lost";
            /** @description Who may use it at once. */
            accessModes?: string[];
            /** @description How much it has: storage in bytes. */
            capacity?: {
                [key: string]: components["schemas"]["Quantity"];
            };
            /** @description What is going on. */
            conditions?: components["schemas"]["PersistentVolumeClaimCondition"][];
        };
        /** @description When a phase was entered last. */
        PhaseTransitionTimestamp: {
            /** @description The phase. */
            phase: string;
            /** @description When it was entered. */
            phaseTransitionTimestamp: components["schemas"]["Time"];
        };
        /** @description Machines that are wanted near. */
        PodAffinity: {
            /** @description Must hold when the machine is placed. */
            requiredDuringSchedulingIgnoredDuringExecution?: components["schemas"]["PodAffinityTerm"][];
            /** @description Wishes. */
            preferredDuringSchedulingIgnoredDuringExecution?: components["schemas"]["WeightedPodAffinityTerm"][];
        };
        /** @description Other machines whose neighbourhood matters. */
        PodAffinityTerm: {
            /** @description Labels of the other machines. */
            labelSelector?: components["schemas"]["LabelSelector"];
            /** @description Namespaces of the other machines. Absent means the machine's own. */
            namespaces?: string[];
            /** @description Namespaces of the other machines by label. */
            namespaceSelector?: components["schemas"]["LabelSelector"];
            /** @description Label of hosts that says what near is, for example kubernetes.io/hostname. */
            topologyKey: string;
        };
        /** @description Machines that are wanted far. */
        PodAntiAffinity: {
            /** @description Must hold when the machine is placed. */
            requiredDuringSchedulingIgnoredDuringExecution?: components["schemas"]["PodAffinityTerm"][];
            /** @description Wishes. */
            preferredDuringSchedulingIgnoredDuringExecution?: components["schemas"]["WeightedPodAffinityTerm"][];
        };
        /** @description The network of the machine's pod. Nothing to set. */
        PodNetwork: Record<string, never>;
        /** @description Allows verbs on resources or paths. */
        PolicyRule: {
            /** @description The verbs; * is all. */
            verbs: string[];
            /** @description Groups of the resources; '' is the core group and * is all. */
            apiGroups?: string[];
            /** @description The resources and subresources, for example virtualmachines/console; * is all. */
            resources?: string[];
            /** @description Names of objects. Absent means all. */
            resourceNames?: string[];
            /** @description Paths that are no resources, for example /metrics; a trailing * matches any rest. For cluster roles only. */
            nonResourceURLs?: string[];
        };
        /** @description A port that reaches the guest. */
        Port: {
            /** @description Name for Services to refer to; at most 15 lower-case letters, digits and dashes. */
            name?: string;
            /**
             * Format: int32
             * @description Port number from 1 to 65535.
             */
            port: number;
            /**
             * @description Protocol.
             * @default TCP
             * @enum {string}
             */
            protocol?: "TCP" | "UDP";
        };
        /** @description What must hold for a deletion to happen. */
        Preconditions: {
            /** @description The object must have this UID. */
            uid?: string;
            /** @description The object must have this resource version. */
            resourceVersion?: string;
        };
        /** @description A wish with a weight. */
        PreferredSchedulingTerm: {
            /**
             * Format: int32
             * @description Weight from 1 to 100.
             */
            weight: number;
            /** @description What is wished for. */
            preference: components["schemas"]["NodeSelectorTerm"];
        };
        /** @description A question put to the guest again and again. Exactly one of exec, guestAgentPing, httpGet and tcpSocket. */
        Probe: {
            /** @description Runs a command in the guest through its agent; exit code 0 is success. */
            exec?: components["schemas"]["ExecAction"];
            /** @description Asks whether the guest agent answers. */
            guestAgentPing?: components["schemas"]["GuestAgentPing"];
            /** @description Sends a request to the guest; a code from 200 to 399 is success. */
            httpGet?: components["schemas"]["HTTPGetAction"];
            /** @description Opens a connection to the guest. */
            tcpSocket?: components["schemas"]["TCPSocketAction"];
            /**
             * Format: int32
             * @description Seconds after the start before the first question. Default 0.
             */
            initialDelaySeconds?: number;
            /**
             * Format: int32
             * @description Seconds that an answer may take.
             * @default 1
             */
            timeoutSeconds?: number;
            /**
             * Format: int32
             * @description Seconds between questions.
             * @default 10
             */
            periodSeconds?: number;
            /**
             * Format: int32
             * @description Successes in a row that end a failure; 1 for liveness.
             * @default 1
             */
            successThreshold?: number;
            /**
             * Format: int32
             * @description Failures in a row that count as one.
             * @default 3
             */
            failureThreshold?: number;
        };
        /**
         * Format: quantity
         * @description A number with an optional unit (m, k, M, G, T, P, E or Ki, Mi, Gi, Ti, Pi, Ei), for example 512Mi or 1500m.
         */
        Quantity: string | number;
        /** @description Any JSON object. */
        RawExtension: {
            [key: string]: unknown;
        };
        /** @description A disk image pulled from an OCI registry. The image holds one qcow2 or raw file in /disk. */
        RegistryDiskSource: {
            /** @description Image reference by tag or digest, for example registry.example/debian:12. */
            image: string;
            /** @description Secret of type kubernetes.io/dockerconfigjson in the machine's namespace. */
            imagePullSecret?: string;
            /** @description Absolute path of the disk in the image, needed when /disk holds several files. */
            path?: string;
            /**
             * @description When the registry is asked. Default Always for an untagged or latest image, else IfNotPresent.
             * @enum {string}
             */
            imagePullPolicy?: "Always" | "IfNotPresent" | "Never";
        };
        /** @description A request for a resource. */
        ResourceAttributes: {
            /** @description Namespace; empty for cluster-scoped kinds and for all namespaces. */
            namespace?: string;
            /** @description Verb; * is all. */
            verb?: string;
            /** @description API group; * is all. */
            group?: string;
            /** @description API version; * is all. */
            version?: string;
            /** @description Plural resource; * is all. */
            resource?: string;
            /** @description Subresource; empty for none. */
            subresource?: string;
            /** @description Name of the object; empty for all. */
            name?: string;
            /** @description Field selector of a list; kept and not acted on. */
            fieldSelector?: components["schemas"]["SelectorAttributes"];
            /** @description Label selector of a list; kept and not acted on. */
            labelSelector?: components["schemas"]["SelectorAttributes"];
        };
        /** @description Verbs that are allowed on resources. */
        ResourceRule: {
            /** @description The verbs; * is all. */
            verbs: string[];
            /** @description Groups of the resources; * is all. */
            apiGroups?: string[];
            /** @description The resources; * is all. */
            resources?: string[];
            /** @description Names of objects. Absent means all. */
            resourceNames?: string[];
        };
        /** @description Body of restart; may be absent. */
        RestartOptions: {
            /** @description torpor.dev/v1alpha1. */
            apiVersion?: string;
            /** @description RestartOptions. */
            kind?: string;
            /** @description May be absent. */
            metadata?: components["schemas"]["ObjectMeta"];
            /**
             * Format: int64
             * @description Seconds between the ACPI power button and pulling the plug for this restart; 0 pulls at once. Absent means spec.terminationGracePeriodSeconds.
             */
            gracePeriodSeconds?: number;
            /** @description A repeated call with the same key asks only once. */
            idempotencyKey?: string;
        };
        /** @description A source of random numbers (virtio-rng). Nothing to set. */
        Rng: Record<string, never>;
        /** @description Rules for one namespace. */
        Role: {
            /** @description rbac.authorization.k8s.io/v1. */
            apiVersion?: string;
            /** @description Role. */
            kind?: string;
            /** @description Name, labels and what else every object carries. */
            metadata?: components["schemas"]["ObjectMeta"];
            /** @description The rules. */
            rules?: components["schemas"]["PolicyRule"][];
        };
        /** @description Gives a role to subjects in one namespace. */
        RoleBinding: {
            /** @description rbac.authorization.k8s.io/v1. */
            apiVersion?: string;
            /** @description RoleBinding. */
            kind?: string;
            /** @description Name, labels and what else every object carries. */
            metadata?: components["schemas"]["ObjectMeta"];
            /** @description Who gets the role. */
            subjects?: components["schemas"]["Subject"][];
            /** @description The role; it cannot be changed. */
            roleRef: components["schemas"]["RoleRef"];
        };
        /** @description The role. */
        RoleRef: {
            /** @description rbac.authorization.k8s.io, the default. */
            apiGroup?: string;
            /** @description Role or ClusterRole. */
            kind: string;
            /** @description Name of the role. */
            name: string;
        };
        /** @description SSH public keys. */
        SSHPublicKeyAccessCredential: {
            /** @description Where the keys come from; each value is one public key or a list of them, one a line. */
            source: components["schemas"]["AccessCredentialSource"];
            /** @description How the keys get into the guest. */
            propagationMethod: components["schemas"]["SSHPublicKeyPropagationMethod"];
        };
        /** @description How keys get into the guest. Exactly one of noCloud and qemuGuestAgent. */
        SSHPublicKeyPropagationMethod: {
            /** @description Through the metadata of the machine's cloudInitNoCloud volume, at boot. */
            noCloud?: components["schemas"]["NoCloudPropagation"];
            /** @description Through the guest agent, while the machine runs. */
            qemuGuestAgent?: components["schemas"]["GuestAgentSSHPropagation"];
        };
        /** @description The number of replicas of an object, read and written by itself through its subresource scale. */
        Scale: {
            /** @description autoscaling/v1. */
            apiVersion?: string;
            /** @description Scale. */
            kind?: string;
            /** @description Name, namespace, UID and version of the object that is scaled. */
            metadata?: components["schemas"]["ObjectMeta"];
            /**
             * @description What is wanted.
             * @default {}
             */
            spec?: components["schemas"]["ScaleSpec"];
            /** @description What is; ignored in writes. */
            status?: components["schemas"]["ScaleStatus"];
        };
        /** @description How many replicas there are to be. */
        ScaleSpec: {
            /**
             * Format: int32
             * @description Wanted number of replicas. Absent means none.
             * @default 0
             */
            replicas?: number;
        };
        /** @description How many replicas there are. */
        ScaleStatus: {
            /**
             * Format: int32
             * @description Present number of replicas.
             */
            replicas?: number;
            /** @description Label selector of the replicas as text, for example app=web; autoscalers find them by it. */
            selector?: string;
        };
        /** @description Small confidential data, at most 1 MiB. */
        Secret: {
            /** @description v1. */
            apiVersion?: string;
            /** @description Secret. */
            kind?: string;
            /** @description Name, labels and what else every object carries. */
            metadata?: components["schemas"]["ObjectMeta"];
            /** @description What is in it, for example kubernetes.io/dockerconfigjson. Default Opaque. */
            type?: string;
            /** @description Values in base64. */
            data?: {
                [key: string]: string;
            };
            /** @description Values in clear text; merged into data when written and never answered. */
            stringData?: {
                [key: string]: string;
            };
            /** @description True means that data can never change. */
            immutable?: boolean;
        };
        /** @description The entries of a Secret as files. */
        SecretSource: {
            /** @description Name of the Secret. */
            secretName: string;
            /** @description Start with an empty disk when it is absent. Default false. */
            optional?: boolean;
            /** @description Label of the disk. Default cfgdata. */
            volumeLabel?: string;
        };
        /** @description A selector of a list. */
        SelectorAttributes: {
            /** @description The selector as text. */
            rawSelector?: string;
            /** @description The selector in parts. */
            requirements?: components["schemas"]["LabelSelectorRequirement"][];
        };
        /** @description Asks what the asker may do. */
        SelfSubjectAccessReview: {
            /** @description authorization.k8s.io/v1. */
            apiVersion?: string;
            /** @description SelfSubjectAccessReview. */
            kind?: string;
            /** @description May be absent. */
            metadata?: components["schemas"]["ObjectMeta"];
            /** @description The question; exactly one of resourceAttributes and nonResourceAttributes. */
            spec: components["schemas"]["SelfSubjectAccessReviewSpec"];
            /** @description The answer. */
            status?: components["schemas"]["SubjectAccessReviewStatus"];
        };
        /** @description May I? */
        SelfSubjectAccessReviewSpec: {
            /** @description A request for a resource. */
            resourceAttributes?: components["schemas"]["ResourceAttributes"];
            /** @description A request for a path. */
            nonResourceAttributes?: components["schemas"]["NonResourceAttributes"];
        };
        /** @description Asks who the asker is. */
        SelfSubjectReview: {
            /** @description authentication.k8s.io/v1. */
            apiVersion?: string;
            /** @description SelfSubjectReview. */
            kind?: string;
            /** @description May be absent. */
            metadata?: components["schemas"]["ObjectMeta"];
            /** @description The answer. */
            status?: components["schemas"]["SelfSubjectReviewStatus"];
        };
        /** @description The answer. */
        SelfSubjectReviewStatus: {
            /** @description The asker. */
            userInfo?: components["schemas"]["UserInfo"];
        };
        /** @description Asks for everything that the asker may do in a namespace. */
        SelfSubjectRulesReview: {
            /** @description authorization.k8s.io/v1. */
            apiVersion?: string;
            /** @description SelfSubjectRulesReview. */
            kind?: string;
            /** @description May be absent. */
            metadata?: components["schemas"]["ObjectMeta"];
            /** @description The question. */
            spec: components["schemas"]["SelfSubjectRulesReviewSpec"];
            /** @description The answer. */
            status?: components["schemas"]["SubjectRulesReviewStatus"];
        };
        /** @description What may I? */
        SelfSubjectRulesReviewSpec: {
            /** @description Namespace that is asked about. */
            namespace?: string;
        };
        /** @description An identity for programs. */
        ServiceAccount: {
            /** @description v1. */
            apiVersion?: string;
            /** @description ServiceAccount. */
            kind?: string;
            /** @description Name, labels and what else every object carries. */
            metadata?: components["schemas"]["ObjectMeta"];
            /** @description Secrets that programs of this identity may use. */
            secrets?: components["schemas"]["ObjectReference"][];
            /** @description Secrets for pulling images. */
            imagePullSecrets?: components["schemas"]["LocalObjectReference"][];
            /** @description Kept and not acted on; machines get no token. */
            automountServiceAccountToken?: boolean;
        };
        /** @description Body of start; may be absent. */
        StartOptions: {
            /** @description torpor.dev/v1alpha1. */
            apiVersion?: string;
            /** @description StartOptions. */
            kind?: string;
            /** @description May be absent. */
            metadata?: components["schemas"]["ObjectMeta"];
            /** @description A repeated call with the same key asks only once. */
            idempotencyKey?: string;
        };
        /** @description The answer when no object is answered. */
        Status: {
            /** @description v1. */
            apiVersion?: string;
            /** @description Status. */
            kind?: string;
            /** @description Metadata of a list; empty for failures. */
            metadata?: components["schemas"]["ListMeta"];
            /** @description Success or Failure. */
            status?: string;
            /** @description What happened as a sentence. */
            message?: string;
            /** @description What happened as one word, for example NotFound. */
            reason?: string;
            /** @description What it is about. */
            details?: components["schemas"]["StatusDetails"];
            /**
             * Format: int32
             * @description HTTP status code.
             */
            code?: number;
        };
        /** @description One of the reasons for a failure. */
        StatusCause: {
            /** @description Reason as one word, for example FieldValueInvalid. */
            reason?: string;
            /** @description The reason as text. */
            message?: string;
            /** @description The field it is about, for example spec.domain.devices.disks[1].name. */
            field?: string;
        };
        /** @description What a failure is about. */
        StatusDetails: {
            /** @description Name of the object. */
            name?: string;
            /** @description API group of the object. */
            group?: string;
            /** @description Kind of the object, in most failures its plural resource name. */
            kind?: string;
            /** @description UID of the object. */
            uid?: string;
            /** @description Every single reason. */
            causes?: components["schemas"]["StatusCause"][];
            /**
             * Format: int32
             * @description Seconds after which trying again makes sense.
             */
            retryAfterSeconds?: number;
        };
        /** @description Body of stop; may be absent. */
        StopOptions: {
            /** @description torpor.dev/v1alpha1. */
            apiVersion?: string;
            /** @description StopOptions. */
            kind?: string;
            /** @description May be absent. */
            metadata?: components["schemas"]["ObjectMeta"];
            /**
             * Format: int64
             * @description Seconds between the ACPI power button and pulling the plug for this stop; 0 pulls at once. Absent means spec.terminationGracePeriodSeconds.
             */
            gracePeriod?: number;
            /** @description A repeated call with the same key asks only once. */
            idempotencyKey?: string;
        };
        /** @description A user, a group or a service account. */
        Subject: {
            /** @description User, Group or ServiceAccount. */
            kind: string;
            /** @description rbac.authorization.k8s.io for User and Group (the default), empty for ServiceAccount. */
            apiGroup?: string;
            /** @description Name. */
            name: string;
            /** @description Namespace of a ServiceAccount. */
            namespace?: string;
        };
        /** @description Asks what somebody may do. */
        SubjectAccessReview: {
            /** @description authorization.k8s.io/v1. */
            apiVersion?: string;
            /** @description SubjectAccessReview. */
            kind?: string;
            /** @description May be absent. */
            metadata?: components["schemas"]["ObjectMeta"];
            /** @description The question; exactly one of resourceAttributes and nonResourceAttributes, and a user or a group. */
            spec: components["schemas"]["SubjectAccessReviewSpec"];
            /** @description The answer. */
            status?: components["schemas"]["SubjectAccessReviewStatus"];
        };
        /** @description May they? */
        SubjectAccessReviewSpec: {
            /** @description A request for a resource. */
            resourceAttributes?: components["schemas"]["ResourceAttributes"];
            /** @description A request for a path. */
            nonResourceAttributes?: components["schemas"]["NonResourceAttributes"];
            /** @description Name of the user. */
            user?: string;
            /** @description Groups of the user. */
            groups?: string[];
            /** @description UID of the user. */
            uid?: string;
            /** @description More on the user. */
            extra?: {
                [key: string]: string[];
            };
        };
        /** @description The answer. */
        SubjectAccessReviewStatus: {
            /** @description Whether it is allowed. */
            allowed: boolean;
            /** @description Whether something forbids it expressly. */
            denied?: boolean;
            /** @description Why. */
            reason?: string;
            /** @description What went wrong while looking. */
            evaluationError?: string;
        };
        /** @description The answer. */
        SubjectRulesReviewStatus: {
            /** @description What is allowed on resources. */
            resourceRules: components["schemas"]["ResourceRule"][];
            /** @description What is allowed on paths. */
            nonResourceRules: components["schemas"]["NonResourceRule"][];
            /** @description True when there may be more. */
            incomplete: boolean;
            /** @description What went wrong while looking. */
            evaluationError?: string;
        };
        /** @description A connection to the guest. */
        TCPSocketAction: {
            /** @description Port number, or the name of a port of an interface. */
            port: components["schemas"]["IntOrString"];
        };
        /** @description Keeps machines away that do not tolerate it. */
        Taint: {
            /** @description Key. */
            key: string;
            /** @description Value. */
            value?: string;
            /**
             * @description NoSchedule: nothing new. PreferNoSchedule: better not. NoExecute: nothing at all.
             * @enum {string}
             */
            effect: "NoSchedule" | "PreferNoSchedule" | "NoExecute";
            /** @description When it was set. */
            timeAdded?: components["schemas"]["Time"];
        };
        /**
         * Format: date-time
         * @description A moment as RFC 3339 text with whole seconds, for example 2026-03-01T12:00:00Z.
         */
        Time: string;
        /** @description How long the stages of the last start took, in milliseconds. */
        Timings: {
            /**
             * Format: int64
             * @description From the wish to run to the binding to a host.
             */
            scheduling?: number;
            /**
             * Format: int64
             * @description Preparing the volumes.
             */
            volumes?: number;
            /**
             * Format: int64
             * @description Preparing the network (at the same time as the volumes).
             */
            network?: number;
            /**
             * Format: int64
             * @description From the binding to volumes and network being ready.
             */
            preparing?: number;
            /**
             * Format: int64
             * @description From there to the guest's first instruction.
             */
            starting?: number;
            /**
             * Format: int64
             * @description From the wish to run to the guest's first instruction.
             */
            total?: number;
        };
        /** @description A taint that does not keep this machine away. */
        Toleration: {
            /** @description Key of the taint; empty with Exists matches all. */
            key?: string;
            /**
             * @description Exists: any value. Equal: this value. Default Equal.
             * @enum {string}
             */
            operator?: "Exists" | "Equal";
            /** @description Value of the taint. */
            value?: string;
            /**
             * @description Effect of the taint; empty matches all.
             * @enum {string}
             */
            effect?: "" | "NoSchedule" | "PreferNoSchedule" | "NoExecute";
            /**
             * Format: int64
             * @description Seconds that a NoExecute taint is tolerated. Absent means for ever.
             */
            tolerationSeconds?: number;
        };
        /** @description How machines spread over zones or hosts. */
        TopologySpreadConstraint: {
            /**
             * Format: int32
             * @description By how many machines the fullest may exceed the emptiest.
             */
            maxSkew: number;
            /** @description Label of hosts that names the zone. */
            topologyKey: string;
            /**
             * @description What happens when it cannot be kept.
             * @enum {string}
             */
            whenUnsatisfiable: "DoNotSchedule" | "ScheduleAnyway";
            /** @description The machines that are counted. */
            labelSelector?: components["schemas"]["LabelSelector"];
        };
        /** @description Somebody who makes requests. */
        UserInfo: {
            /** @description Name. */
            username?: string;
            /** @description Tells users of the same name apart over time; empty when the authenticator knows none. */
            uid?: string;
            /** @description Groups that the user is in. */
            groups?: string[];
            /** @description What else the authenticator said. */
            extra?: {
                [key: string]: string[];
            };
        };
        /** @description Passwords. */
        UserPasswordAccessCredential: {
            /** @description Where the passwords come from; each key of the Secret is a user, its value the password. */
            source: components["schemas"]["AccessCredentialSource"];
            /** @description How the passwords get into the guest. */
            propagationMethod: components["schemas"]["UserPasswordPropagationMethod"];
        };
        /** @description How passwords get into the guest. */
        UserPasswordPropagationMethod: {
            /** @description Through the guest agent, while the machine runs. */
            qemuGuestAgent: components["schemas"]["GuestAgentPasswordPropagation"];
        };
        /** @description A virtual machine. Fields carry the names of KubeVirt's VirtualMachineInstance wherever the thing is the same. */
        VirtualMachine: {
            /** @description torpor.dev/v1alpha1. */
            apiVersion?: string;
            /** @description VirtualMachine. */
            kind?: string;
            /** @description Name, labels and what else every object carries. */
            metadata?: components["schemas"]["ObjectMeta"];
            /** @description What is wanted. */
            spec: components["schemas"]["VirtualMachineSpec"];
            /** @description What is; written by the system through the status subresource. */
            status?: components["schemas"]["VirtualMachineStatus"];
        };
        /** @description Keeps a number of machines that are made from one template. Machines that are deleted are made anew; scale changes the number. */
        VirtualMachinePool: {
            /** @description torpor.dev/v1alpha1. */
            apiVersion?: string;
            /** @description VirtualMachinePool. */
            kind?: string;
            /** @description Name, labels and what else every object carries. Machines are named by the pool's name and five characters. */
            metadata?: components["schemas"]["ObjectMeta"];
            /** @description What is wanted. */
            spec: components["schemas"]["VirtualMachinePoolSpec"];
            /** @description What is; written by the system through the status subresource. */
            status?: components["schemas"]["VirtualMachinePoolStatus"];
        };
        /** @description What is wanted of a pool. */
        VirtualMachinePoolSpec: {
            /**
             * Format: int32
             * @description How many machines there are to be. A machine counts from its creation until its deletion, also when it does not run.
             * @default 1
             */
            replicas?: number;
            /** @description Labels of the pool's machines; it must match the template's labels and can never change. Machines with these labels that belong to nobody are adopted, and machines that lose them are let go. */
            selector: components["schemas"]["LabelSelector"];
            /** @description What machines are made from. A change counts for machines that are made afterwards and leaves the others as they are. */
            template: components["schemas"]["VirtualMachineTemplate"];
        };
        /** @description What a pool is; written by the system. */
        VirtualMachinePoolStatus: {
            /**
             * Format: int64
             * @description metadata.generation that this status was made from.
             */
            observedGeneration?: number;
            /**
             * Format: int32
             * @description Machines that there are, without those that are being deleted.
             */
            replicas?: number;
            /**
             * Format: int32
             * @description Machines of them whose guest runs.
             */
            readyReplicas?: number;
            /**
             * Format: int32
             * @description Machines of them that were made from the template as it is now.
             */
            updatedReplicas?: number;
            /** @description The selector as text, for example app=web. */
            labelSelector?: string;
            /** @description Identity of the template as it is now; machines made from it have it as the value of the label torpor.dev/template-hash. */
            templateHash?: string;
            /** @description Aspects of the state. ReplicaFailure: a machine could not be made or deleted. */
            conditions?: components["schemas"]["Condition"][];
        };
        /** @description What is wanted of a virtual machine. */
        VirtualMachineSpec: {
            /**
             * @description When the machine runs. Always: restarted whenever it ends. RerunOnFailure: restarted when it failed, left alone when its guest powered off. Once: started once, never again. Manual: only by start and stop. Halted: not at all.
             * @default Always
             * @enum {string}
             */
            runStrategy?: "Always" | "RerunOnFailure" | "Once" | "Manual" | "Halted";
            /** @description When nobody uses the machine, what becomes of it. Absent means that it never sleeps. */
            idle?: components["schemas"]["IdlePolicy"];
            /** @description The hardware. */
            domain: components["schemas"]["Domain"];
            /** @description The networks that the machine's interfaces are attached to, by name. Interfaces and networks both absent give one interface on the pod network. */
            networks?: components["schemas"]["Network"][];
            /** @description Where the bytes of the disks come from, by name. A volume without a disk of that name gets a virtio disk. */
            volumes?: components["schemas"]["Volume"][];
            /** @description Host name of the guest as told by DHCP and cloud-init; a DNS label. Absent means the machine's name. */
            hostname?: string;
            /**
             * Format: int64
             * @description Seconds between the ACPI power button and pulling the plug when the machine is stopped or deleted; 0 pulls at once.
             * @default 30
             */
            terminationGracePeriodSeconds?: number;
            /** @description Labels that the host must have. */
            nodeSelector?: {
                [key: string]: string;
            };
            /** @description Which hosts are wanted or unwanted, as in a pod. */
            affinity?: components["schemas"]["Affinity"];
            /** @description Taints of hosts that do not keep this machine away. */
            tolerations?: components["schemas"]["Toleration"][];
            /** @description How machines spread over zones or hosts, as in a pod. */
            topologySpreadConstraints?: components["schemas"]["TopologySpreadConstraint"][];
            /** @description PriorityClass of the machine; decides who goes first when hosts are full. */
            priorityClassName?: string;
            /**
             * @description What an eviction does to the machine. None: it is shut down. LiveMigrate: it is migrated, else the eviction waits. LiveMigrateIfPossible: migrated when it can be, else shut down. External: somebody else takes care.
             * @enum {string}
             */
            evictionStrategy?: "None" | "LiveMigrate" | "LiveMigrateIfPossible" | "External";
            /** @description SSH keys and passwords that are put into the guest. */
            accessCredentials?: components["schemas"]["AccessCredential"][];
            /** @description While it fails the machine is not Ready and gets no traffic from Services. */
            readinessProbe?: components["schemas"]["Probe"];
            /** @description When it fails the machine is stopped and runStrategy decides what follows. */
            livenessProbe?: components["schemas"]["Probe"];
        };
        /** @description What a virtual machine is; written by the system. */
        VirtualMachineStatus: {
            /**
             * @description Where the machine is in its life. Stored on the way to Running are Pending, Preparing and Running; the stages between are live values unless they last over 2 seconds or fail.
             * @enum {string}
             */
            phase?: "Pending" | "Scheduling" | "Preparing" | "Starting" | "Running" | "Paused" | "Suspending" | "Suspended" | "Waking" | "Stopping" | "Stopped" | "Succeeded" | "Failed";
            /** @description Why the machine is in this phase in one CamelCase word. */
            reason?: string;
            /** @description Why the machine is in this phase in a sentence, with what to do where something is to do. */
            message?: string;
            /**
             * Format: int64
             * @description metadata.generation that this status was made from.
             */
            observedGeneration?: number;
            /** @description Host that may hold something for the machine; empty when none does. */
            nodeName?: string;
            /** @description Host on which the machine ran last. */
            lastNodeName?: string;
            /** @description Identity of this boot (UUID), new at every binding; empty when nodeName is. */
            bootID?: string;
            /** @description Aspects of the state: Scheduled, VolumesReady, NetworkReady, Running, AgentConnected, LiveMigratable, Durable. */
            conditions?: components["schemas"]["Condition"][];
            /** @description Addresses under which others reach the machine, the primary one first. */
            addresses?: string[];
            /** @description The network interfaces as they are. */
            interfaces?: components["schemas"]["InterfaceStatus"][];
            /** @description The volumes as they are. */
            volumeStatus?: components["schemas"]["VolumeStatus"][];
            /** @description The board that the machine really has. */
            machine?: components["schemas"]["MachineStatus"];
            /** @description The guest's operating system, as its agent says. */
            guestOSInfo?: components["schemas"]["GuestOSInfo"];
            /** @description How long the stages of the last start took. */
            timings?: components["schemas"]["Timings"];
            /** @description When each phase was entered last. */
            phaseTransitionTimestamps?: components["schemas"]["PhaseTransitionTimestamp"][];
            /** @description What verbs asked for and is not done yet; each is removed when its effect is seen or its time is over. */
            requests?: components["schemas"]["MachineRequest"][];
            /**
             * Format: int32
             * @description Boots in a row that ended before the machine had run for long; decides the pause before the next one.
             */
            startFailureCount?: number;
            /** @description The machine is not started again before this moment. */
            nextStartTime?: components["schemas"]["Time"];
            /** @description How the last boot ended. */
            exit?: components["schemas"]["MachineExit"];
            /** @description Values merged in at read time and never stored; null when this server has no connection to the machine's host. */
            live?: components["schemas"]["MachineLive"] | null;
        };
        /** @description What machines are made from. */
        VirtualMachineTemplate: {
            /** @description What the machines carry. */
            metadata?: components["schemas"]["VirtualMachineTemplateMetadata"];
            /** @description The spec of each machine. */
            spec: components["schemas"]["VirtualMachineSpec"];
        };
        /** @description Labels and annotations of machines. Name, namespace and owner follow from the pool. */
        VirtualMachineTemplateMetadata: {
            /** @description Labels of the machines; the pool's selector must match them. */
            labels?: {
                [key: string]: string;
            };
            /** @description Annotations of the machines. */
            annotations?: {
                [key: string]: string;
            };
        };
        /** @description Where the bytes of the disk of the same name come from. Exactly one source. */
        Volume: {
            /** @description Name of the volume and of its disk; a DNS label. */
            name: string;
            /** @description A disk image pulled from an OCI registry; what the guest writes is gone when it stops. */
            registryDisk?: components["schemas"]["RegistryDiskSource"];
            /** @description The same as registryDisk under KubeVirt's name. */
            containerDisk?: components["schemas"]["RegistryDiskSource"];
            /** @description Data for cloud-init on a disk labelled cidata. */
            cloudInitNoCloud?: components["schemas"]["CloudInitNoCloudSource"];
            /** @description An empty disk; what the guest writes is gone when it stops. */
            emptyDisk?: components["schemas"]["EmptyDiskSource"];
            /** @description A claim; what the guest writes is kept. */
            persistentVolumeClaim?: components["schemas"]["PersistentVolumeClaimSource"];
            /** @description A claim that is only read; what the guest writes goes elsewhere and is gone when it stops. */
            ephemeral?: components["schemas"]["EphemeralSource"];
            /** @description The entries of a ConfigMap as files on a read-only disk, as they are when the machine starts. */
            configMap?: components["schemas"]["ConfigMapSource"];
            /** @description The entries of a Secret as files on a read-only disk, as they are when the machine starts. */
            secret?: components["schemas"]["SecretSource"];
        };
        /** @description The claim behind a volume. */
        VolumeClaimStatus: {
            /** @description Name of the claim. */
            claimName?: string;
            /** @description Filesystem or Block. */
            volumeMode?: string;
        };
        /** @description The image that a volume was made from. */
        VolumeImage: {
            /** @description Image reference of the spec. */
            reference?: string;
            /** @description Digest of the manifest that was used, for example sha256:…. */
            digest?: string;
            /** @description Path of the disk in the image. */
            disk?: string;
        };
        /** @description How much storage. */
        VolumeResourceRequirements: {
            /** @description At least: storage in bytes. */
            requests?: {
                [key: string]: components["schemas"]["Quantity"];
            };
            /** @description At most: storage in bytes. */
            limits?: {
                [key: string]: components["schemas"]["Quantity"];
            };
        };
        /** @description A volume as it is. */
        VolumeStatus: {
            /** @description Name of the volume in the spec. */
            name: string;
            /** @description Device that it became, for example vda. */
            target?: string;
            /**
             * @description How far it is.
             * @enum {string}
             */
            phase?: "Pending" | "Preparing" | "Ready" | "Failed";
            /** @description Why in one CamelCase word. */
            reason?: string;
            /** @description Why in a sentence. */
            message?: string;
            /**
             * Format: int64
             * @description Size that the guest sees in bytes.
             */
            size?: number;
            /** @description The image that it was made from. */
            image?: components["schemas"]["VolumeImage"];
            /** @description The claim behind it. */
            persistentVolumeClaim?: components["schemas"]["VolumeClaimStatus"];
        };
        /** @description One line of a watch. */
        WatchEvent: {
            /** @description ADDED, MODIFIED, DELETED, BOOKMARK or ERROR. */
            type: string;
            /** @description The object as it is now, before its removal (DELETED), with only a resource version (BOOKMARK), or a Status (ERROR). */
            object: components["schemas"]["RawExtension"];
        };
        /** @description A watchdog that acts when the guest stops feeding it. */
        Watchdog: {
            /** @description Name of the device. */
            name: string;
            /** @description An Intel 6300ESB. */
            i6300esb: components["schemas"]["I6300ESBWatchdog"];
        };
        /** @description A wish with a weight. */
        WeightedPodAffinityTerm: {
            /**
             * Format: int32
             * @description Weight from 1 to 100.
             */
            weight: number;
            /** @description What is wished for. */
            podAffinityTerm: components["schemas"]["PodAffinityTerm"];
        };
    };
    responses: never;
    parameters: never;
    requestBodies: never;
    headers: never;
    pathItems: never;
}
export type $defs = Record<string, never>;
export type operations = Record<string, never>;
