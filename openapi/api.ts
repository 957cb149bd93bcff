import type { components } from './generated/types.ts';
import type { ObjectMeta } from './machinery/object.ts';

/**
 * The API's types by short name. Kinds are given as the server answers them, with apiVersion, kind and metadata present;
 * everything else is optional where the schema says so.
 */
type Schemas = components['schemas'];

type Kind<T> = Omit<T, 'apiVersion' | 'kind' | 'metadata'> & {
  apiVersion: string;
  kind: string;
  metadata: ObjectMeta;
};

export type {
  KubernetesList,
  KubernetesObject,
  ListMeta,
  ManagedFieldsEntry,
  ObjectMeta,
  OwnerReference,
  Status,
  StatusCause,
  StatusDetails,
} from './machinery/object.ts';

/** A number with a unit as the API carries it, for example "512Mi"; openapi/machinery/quantity.ts reads it. */
export type QuantityValue = Schemas['Quantity'];

// actions.yaml
export type Binding = Kind<Schemas['Binding']>;
export type BindingTarget = Schemas['BindingTarget'];
export type StartOptions = Kind<Schemas['StartOptions']>;
export type StopOptions = Kind<Schemas['StopOptions']>;
export type RestartOptions = Kind<Schemas['RestartOptions']>;

// authentication.yaml
export type UserInfo = Schemas['UserInfo'];
export type SelfSubjectReview = Kind<Schemas['SelfSubjectReview']>;
export type SelfSubjectReviewStatus = Schemas['SelfSubjectReviewStatus'];

// authorization.yaml
export type ResourceAttributes = Schemas['ResourceAttributes'];
export type SelectorAttributes = Schemas['SelectorAttributes'];
export type NonResourceAttributes = Schemas['NonResourceAttributes'];
export type SubjectAccessReviewStatus = Schemas['SubjectAccessReviewStatus'];
export type SelfSubjectAccessReviewSpec = Schemas['SelfSubjectAccessReviewSpec'];
export type SelfSubjectAccessReview = Kind<Schemas['SelfSubjectAccessReview']>;
export type SubjectAccessReviewSpec = Schemas['SubjectAccessReviewSpec'];
export type SubjectAccessReview = Kind<Schemas['SubjectAccessReview']>;
export type LocalSubjectAccessReview = Kind<Schemas['LocalSubjectAccessReview']>;
export type SelfSubjectRulesReviewSpec = Schemas['SelfSubjectRulesReviewSpec'];
export type ResourceRule = Schemas['ResourceRule'];
export type NonResourceRule = Schemas['NonResourceRule'];
export type SubjectRulesReviewStatus = Schemas['SubjectRulesReviewStatus'];
export type SelfSubjectRulesReview = Kind<Schemas['SelfSubjectRulesReview']>;

// autoscaling.yaml
export type Scale = Kind<Schemas['Scale']>;
export type ScaleSpec = Schemas['ScaleSpec'];
export type ScaleStatus = Schemas['ScaleStatus'];

// coordination.yaml
export type Lease = Kind<Schemas['Lease']>;
export type LeaseSpec = Schemas['LeaseSpec'];

// core.yaml
export type Namespace = Kind<Schemas['Namespace']>;
export type NamespaceSpec = Schemas['NamespaceSpec'];
export type NamespaceStatus = Schemas['NamespaceStatus'];
export type NamespaceCondition = Schemas['NamespaceCondition'];
export type Secret = Kind<Schemas['Secret']>;
export type ConfigMap = Kind<Schemas['ConfigMap']>;
export type ObjectReference = Schemas['ObjectReference'];
export type ServiceAccount = Kind<Schemas['ServiceAccount']>;
export type PersistentVolumeClaim = Kind<Schemas['PersistentVolumeClaim']>;
export type PersistentVolumeClaimSpec = Schemas['PersistentVolumeClaimSpec'];
export type VolumeResourceRequirements = Schemas['VolumeResourceRequirements'];
export type PersistentVolumeClaimStatus = Schemas['PersistentVolumeClaimStatus'];
export type PersistentVolumeClaimCondition = Schemas['PersistentVolumeClaimCondition'];

// event.yaml
export type Event = Kind<Schemas['Event']>;
export type EventSource = Schemas['EventSource'];
export type EventSeries = Schemas['EventSeries'];

// host.yaml
export type Host = Kind<Schemas['Host']>;
export type HostSpec = Schemas['HostSpec'];
export type HostStatus = Schemas['HostStatus'];
export type HostResources = Schemas['HostResources'];
export type HostAgent = Schemas['HostAgent'];
export type HostAccelerator = Schemas['HostAccelerator'];
export type HostImage = Schemas['HostImage'];
export type HostLive = Schemas['HostLive'];

// meta.yaml
export type LabelSelectorRequirement = Schemas['LabelSelectorRequirement'];
export type LabelSelector = Schemas['LabelSelector'];
export type Condition = Schemas['Condition'];
export type Preconditions = Schemas['Preconditions'];
export type DeleteOptions = Schemas['DeleteOptions'];

// rbac.yaml
export type PolicyRule = Schemas['PolicyRule'];
export type Role = Kind<Schemas['Role']>;
export type AggregationRule = Schemas['AggregationRule'];
export type ClusterRole = Kind<Schemas['ClusterRole']>;
export type Subject = Schemas['Subject'];
export type RoleRef = Schemas['RoleRef'];
export type RoleBinding = Kind<Schemas['RoleBinding']>;
export type ClusterRoleBinding = Kind<Schemas['ClusterRoleBinding']>;

// scheduling.yaml
export type NodeSelectorRequirement = Schemas['NodeSelectorRequirement'];
export type NodeSelectorTerm = Schemas['NodeSelectorTerm'];
export type NodeSelector = Schemas['NodeSelector'];
export type PreferredSchedulingTerm = Schemas['PreferredSchedulingTerm'];
export type NodeAffinity = Schemas['NodeAffinity'];
export type PodAffinityTerm = Schemas['PodAffinityTerm'];
export type WeightedPodAffinityTerm = Schemas['WeightedPodAffinityTerm'];
export type PodAffinity = Schemas['PodAffinity'];
export type PodAntiAffinity = Schemas['PodAntiAffinity'];
export type Affinity = Schemas['Affinity'];
export type Taint = Schemas['Taint'];
export type Toleration = Schemas['Toleration'];
export type TopologySpreadConstraint = Schemas['TopologySpreadConstraint'];

// virtual-machine-access.yaml
export type Probe = Schemas['Probe'];
export type ExecAction = Schemas['ExecAction'];
export type GuestAgentPing = Schemas['GuestAgentPing'];
export type HTTPGetAction = Schemas['HTTPGetAction'];
export type HTTPHeader = Schemas['HTTPHeader'];
export type TCPSocketAction = Schemas['TCPSocketAction'];
export type AccessCredential = Schemas['AccessCredential'];
export type AccessCredentialSource = Schemas['AccessCredentialSource'];
export type AccessCredentialSecretSource = Schemas['AccessCredentialSecretSource'];
export type SSHPublicKeyAccessCredential = Schemas['SSHPublicKeyAccessCredential'];
export type SSHPublicKeyPropagationMethod = Schemas['SSHPublicKeyPropagationMethod'];
export type NoCloudPropagation = Schemas['NoCloudPropagation'];
export type GuestAgentSSHPropagation = Schemas['GuestAgentSSHPropagation'];
export type UserPasswordAccessCredential = Schemas['UserPasswordAccessCredential'];
export type UserPasswordPropagationMethod = Schemas['UserPasswordPropagationMethod'];
export type GuestAgentPasswordPropagation = Schemas['GuestAgentPasswordPropagation'];

// virtual-machine-devices.yaml
export type Devices = Schemas['Devices'];
export type Disk = Schemas['Disk'];
export type DiskTarget = Schemas['DiskTarget'];
export type CDRomTarget = Schemas['CDRomTarget'];
export type LunTarget = Schemas['LunTarget'];
export type Interface = Schemas['Interface'];
export type InterfaceMasquerade = Schemas['InterfaceMasquerade'];
export type Port = Schemas['Port'];
export type Rng = Schemas['Rng'];
export type Watchdog = Schemas['Watchdog'];
export type I6300ESBWatchdog = Schemas['I6300ESBWatchdog'];

// virtual-machine-domain.yaml
export type Domain = Schemas['Domain'];
export type CPU = Schemas['CPU'];
export type CPUFeature = Schemas['CPUFeature'];
export type Memory = Schemas['Memory'];
export type Machine = Schemas['Machine'];
export type Firmware = Schemas['Firmware'];
export type Bootloader = Schemas['Bootloader'];
export type BIOS = Schemas['BIOS'];
export type EFI = Schemas['EFI'];
export type KernelBoot = Schemas['KernelBoot'];
export type KernelBootContainer = Schemas['KernelBootContainer'];
export type Features = Schemas['Features'];
export type FeatureState = Schemas['FeatureState'];
export type FeatureKVM = Schemas['FeatureKVM'];
export type Clock = Schemas['Clock'];
export type ClockUTC = Schemas['ClockUTC'];
export type MachineResources = Schemas['MachineResources'];

// virtual-machine-network.yaml
export type Network = Schemas['Network'];
export type PodNetwork = Schemas['PodNetwork'];

// virtual-machine-pool.yaml
export type VirtualMachinePool = Kind<Schemas['VirtualMachinePool']>;
export type VirtualMachinePoolSpec = Schemas['VirtualMachinePoolSpec'];
export type VirtualMachinePoolStatus = Schemas['VirtualMachinePoolStatus'];
export type VirtualMachineTemplate = Schemas['VirtualMachineTemplate'];
export type VirtualMachineTemplateMetadata = Schemas['VirtualMachineTemplateMetadata'];

// virtual-machine-status.yaml
export type VirtualMachineStatus = Schemas['VirtualMachineStatus'];
export type InterfaceStatus = Schemas['InterfaceStatus'];
export type VolumeStatus = Schemas['VolumeStatus'];
export type VolumeImage = Schemas['VolumeImage'];
export type VolumeClaimStatus = Schemas['VolumeClaimStatus'];
export type MachineStatus = Schemas['MachineStatus'];
export type GuestOSInfo = Schemas['GuestOSInfo'];
export type Timings = Schemas['Timings'];
export type PhaseTransitionTimestamp = Schemas['PhaseTransitionTimestamp'];
export type MachineRequest = Schemas['MachineRequest'];
export type MachineRequestArgs = Schemas['MachineRequestArgs'];
export type MachineExit = Schemas['MachineExit'];
export type MachineLive = Schemas['MachineLive'];

// virtual-machine-volumes.yaml
export type Volume = Schemas['Volume'];
export type RegistryDiskSource = Schemas['RegistryDiskSource'];
export type LocalObjectReference = Schemas['LocalObjectReference'];
export type CloudInitNoCloudSource = Schemas['CloudInitNoCloudSource'];
export type EmptyDiskSource = Schemas['EmptyDiskSource'];
export type PersistentVolumeClaimSource = Schemas['PersistentVolumeClaimSource'];
export type EphemeralSource = Schemas['EphemeralSource'];
export type ConfigMapSource = Schemas['ConfigMapSource'];
export type SecretSource = Schemas['SecretSource'];

// virtual-machine.yaml
export type VirtualMachine = Kind<Schemas['VirtualMachine']>;
export type VirtualMachineSpec = Schemas['VirtualMachineSpec'];
export type IdlePolicy = Schemas['IdlePolicy'];

export type MachinePhase = NonNullable<VirtualMachineStatus['phase']>;
export type RunStrategy = NonNullable<VirtualMachineSpec['runStrategy']>;
