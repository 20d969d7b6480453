/** The host that serves Docker Hub's images. */
export const DOCKER_HUB = "registry-1.docker.io";

/** Every name that Docker Hub goes by in references and credentials. */
export const DOCKER_HUB_NAMES: readonly string[] = [DOCKER_HUB, "docker.io", "index.docker.io"];

/** Every name that credentials of a registry may be stored under. */
export function namesOf(registry: string): readonly string[] {
  return registry === DOCKER_HUB ? DOCKER_HUB_NAMES : [registry];
}
