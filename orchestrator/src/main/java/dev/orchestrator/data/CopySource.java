package dev.orchestrator.data;

/** What a copy is made of: a data volume of ours, or volumes and folders of the host. */
public sealed interface CopySource permits DataVolume, HostData {

  /** Its name in messages. */
  String description();
}
