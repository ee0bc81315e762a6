#!/bin/bash
# A Kubernetes of one node in network, mount and process namespaces of its own; outside, only files in $RUN and control
# groups /kubepods* are seen. It needs root, but no CAP_SYS_RESOURCE, systemd, kernel modules or internet.
#   BIN=… KUBECTL=… RUN=… IMAGES=… PAUSE=… node.sh up | down | inside
set -euo pipefail
SELF=$(realpath "$0")
: "${BIN:?a folder with the programs of Kubernetes}" "${KUBECTL:?the program}" "${RUN:?an empty folder for state}"
NODE=10.200.0.1 NODENAME=node POD_NET=10.244.0.0/24 SERVICE_NET=10.96.0.0/16 API_SERVICE=10.96.0.1 DNS=10.96.0.10
PATH=$PATH:/usr/sbin:/sbin

keys() { # one authority; a certificate of the server; one of an administrator, which everything inside uses
  openssl ecparam -name prime256v1 -genkey -noout -out pki/ca.key
  openssl req -x509 -new -key pki/ca.key -subj /CN=test-ca -days 365 -out pki/ca.crt \
    -addext basicConstraints=critical,CA:TRUE -addext keyUsage=critical,keyCertSign,cRLSign 2>/dev/null
  issue() { # name subject extensions
    openssl ecparam -name prime256v1 -genkey -noout -out "pki/$1.key"
    openssl req -new -key "pki/$1.key" -subj "$2" | openssl x509 -req -CA pki/ca.crt -CAkey pki/ca.key -CAcreateserial \
      -days 365 -out "pki/$1.crt" -extfile <(printf '%s\n' "$3") 2>/dev/null
  }
  local names=DNS:localhost,DNS:kubernetes,DNS:kubernetes.default,DNS:kubernetes.default.svc,DNS:kubernetes.default.svc.cluster.local
  issue server /CN=kube-apiserver "subjectAltName=$names,IP:127.0.0.1,IP:$NODE,IP:$API_SERVICE"
  issue front-proxy /CN=front-proxy "extendedKeyUsage=clientAuth"  # the API server, towards servers of more APIs
  issue admin /O=system:masters/CN=admin "extendedKeyUsage=clientAuth"
  openssl genrsa -out pki/sa.key 2048 2>/dev/null && openssl rsa -in pki/sa.key -pubout -out pki/sa.pub 2>/dev/null
  local config=("$KUBECTL" --kubeconfig kubeconfig config)
  "${config[@]}" set-cluster test --server="https://$NODE:6443" --certificate-authority=pki/ca.crt --embed-certs >/dev/null
  "${config[@]}" set-credentials admin --client-certificate=pki/admin.crt --client-key=pki/admin.key --embed-certs >/dev/null
  "${config[@]}" set-context test --cluster=test --user=admin >/dev/null
  "${config[@]}" use-context test >/dev/null
}

up() {
  [ ! -e "$RUN/pid" ] || { echo "there is a node in $RUN already" >&2; exit 1; }
  mkdir -p "$RUN"/{logs/var,pki,cni,containerd,kubelet,bin} && cd "$RUN"
  keys
  # --kill-child: with `unshare`, process 1 of the namespaces goes, and with that every process inside.
  setsid nice -n 5 unshare --net --mount --pid --fork --mount-proc --kill-child "$SELF" inside </dev/null >logs/inside.log 2>&1 &
  local outer=$! inner=""
  for _ in $(seq 50); do inner=$(pgrep -P $outer || true); [ -n "$inner" ] && break; sleep 0.1; done
  [ -n "$inner" ] || { echo "the namespaces cannot be made; see $RUN/logs/inside.log" >&2; exit 1; }
  echo "$inner" >pid
  printf '#!/bin/sh\nexec nsenter -t %s -n -- "%s" --kubeconfig "%s/kubeconfig" "$@"\n' "$inner" "$KUBECTL" "$RUN" >bin/kubectl
  printf '#!/bin/sh\nexec nsenter -t %s -m -n -p -- "$@"\n' "$inner" >bin/enter
  chmod +x bin/*
  for _ in $(seq 240); do
    [ -d "/proc/$inner" ] || { echo "process 1 of the namespaces is gone; see $RUN/logs/inside.log" >&2; exit 1; }
    bin/kubectl get node $NODENAME 2>/dev/null | grep -q ' Ready ' && bin/kubectl get serviceaccount default >/dev/null 2>&1 && exit 0
    sleep 1
  done
  echo "the node is not Ready; see $RUN/logs" >&2; exit 1
}

down() { # the kernel ends every process inside with process 1, and drops the mounts, links and rules
  local pid
  pid=$(cat "$RUN/pid" 2>/dev/null || echo none)
  if [ -d "/proc/$pid" ] && grep -qz "$SELF" "/proc/$pid/cmdline"; then
    kill -9 "$pid"
    for _ in $(seq 100); do [ -d "/proc/$pid" ] || break; sleep 0.1; done
  fi
  # Control groups of version 1 have no namespace here: remove the empty ones, leaves first.
  for _ in 1 2 3 4 5; do
    find /sys/fs/cgroup -depth -type d \( -path '*/kubepods*' -o -path '*/k8s.io*' \) -exec rmdir {} + 2>/dev/null || true
  done
  rmdir /var/lib/kubelet /var/lib/cni 2>/dev/null || true  # mount points, empty outside
  rm -rf "$RUN"
}

case "${1:-}" in
  up | down) "$1"; exit ;;
  inside) ;;
  *) sed -n 2,4p "$SELF" >&2; exit 2 ;;
esac

# Process 1 of the namespaces.
cd "$RUN"
mount --make-rshared /                       # the kubelet and pods want propagation; it is shared only in this namespace
mount -t tmpfs tmpfs /run                    # private /run: containerd's and shims' sockets, netns, xtables.lock
mkdir -p /run/netns /run/lock /run/etcd /run/cni
mkdir -p /var/lib/cni /var/lib/kubelet "$RUN/logs/var"
mount -t tmpfs tmpfs /var/lib/cni            # host-local's leases
mount --bind "$RUN/kubelet" /var/lib/kubelet # device-plugins is a fixed path, whatever --root-dir says
mount --bind "$RUN/logs/var" /var/log        # so is /var/log/containers
ip link set lo up
ip link add node0 type bridge                # this kernel has no `dummy` device: a bridge holds the node's address
ip addr add $NODE/24 dev node0 && ip link set node0 up
ip route add default dev node0               # without a default route, a service's address is "unreachable" from the node
echo 1 >/proc/sys/net/ipv4/ip_forward
ulimit -n "$(ulimit -Hn)"

start() { local name=$1; shift; "$@" >"logs/$name.log" 2>&1 & echo "$name $!"; }

start etcd etcd --name test --data-dir /run/etcd --listen-client-urls http://127.0.0.1:2379 \
  --advertise-client-urls http://127.0.0.1:2379 --listen-peer-urls http://127.0.0.1:2380 --log-level warn  # in tmpfs: no fsync

cat >containerd.toml <<TOML
version = 2
root = "$RUN/containerd"
state = "/run/containerd"
disabled_plugins = ["io.containerd.snapshotter.v1.aufs", "io.containerd.snapshotter.v1.btrfs", "io.containerd.snapshotter.v1.devmapper", "io.containerd.snapshotter.v1.zfs", "io.containerd.internal.v1.opt"]
[grpc]
  address = "/run/containerd/containerd.sock"
[plugins."io.containerd.grpc.v1.cri"]
  sandbox_image = "$PAUSE"
  restrict_oom_score_adj = true              # no CAP_SYS_RESOURCE: scores below containerd's own (pause: -998) are refused
  disable_apparmor = true
  [plugins."io.containerd.grpc.v1.cri".cni]
    bin_dir = "/usr/lib/cni"
    conf_dir = "$RUN/cni"
  [plugins."io.containerd.grpc.v1.cri".containerd]
    snapshotter = "overlayfs"
    default_runtime_name = "runc"
    [plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc]
      runtime_type = "io.containerd.runc.v2"
      [plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc.options]
        SystemdCgroup = false
TOML
cat >cni/10-bridge.conflist <<JSON
{"cniVersion": "1.0.0", "name": "test", "plugins": [
  {"type": "bridge", "bridge": "cni0", "isGateway": true, "ipMasq": true, "hairpinMode": true,
   "ipam": {"type": "host-local", "ranges": [[{"subnet": "$POD_NET"}]], "routes": [{"dst": "0.0.0.0/0"}]}},
  {"type": "portmap", "capabilities": {"portMappings": true}}]}
JSON
start containerd containerd --config containerd.toml

start apiserver "$BIN/kube-apiserver" --etcd-servers=http://127.0.0.1:2379 --advertise-address=$NODE --bind-address=0.0.0.0 \
  --secure-port=6443 --service-cluster-ip-range=$SERVICE_NET --client-ca-file=pki/ca.crt --tls-cert-file=pki/server.crt \
  --tls-private-key-file=pki/server.key --kubelet-client-certificate=pki/admin.crt --kubelet-client-key=pki/admin.key \
  --kubelet-preferred-address-types=InternalIP --service-account-key-file=pki/sa.pub \
  --service-account-signing-key-file=pki/sa.key --service-account-issuer=https://kubernetes.default.svc \
  --requestheader-client-ca-file=pki/ca.crt --requestheader-allowed-names=front-proxy --proxy-client-cert-file=pki/front-proxy.crt \
  --proxy-client-key-file=pki/front-proxy.key --requestheader-username-headers=X-Remote-User \
  --requestheader-group-headers=X-Remote-Group --requestheader-extra-headers-prefix=X-Remote-Extra- \
  --authorization-mode=Node,RBAC --allow-privileged=true
for _ in $(seq 120); do "$KUBECTL" --kubeconfig kubeconfig get --raw /readyz >/dev/null 2>&1 && break; sleep 0.5; done
echo "API ready $SECONDS s"

start controller-manager "$BIN/kube-controller-manager" --kubeconfig=kubeconfig --leader-elect=false --root-ca-file=pki/ca.crt \
  --service-account-private-key-file=pki/sa.key --use-service-account-credentials=true --cluster-signing-cert-file=pki/ca.crt \
  --cluster-signing-key-file=pki/ca.key --flex-volume-plugin-dir=/var/lib/kubelet/plugins-exec
start scheduler "$BIN/kube-scheduler" --kubeconfig=kubeconfig --leader-elect=false

for _ in $(seq 60); do ctr version >/dev/null 2>&1 && break; sleep 0.5; done
for image in "$IMAGES"/*.tar; do ctr -n k8s.io images import "$image"; done
# The folders of resources/volumes.yaml; a hostPath volume gets no fsGroup.
for volume in assets database broker; do install -d -o 10001 -g 10001 -m 0770 "/var/lib/kubelet/volumes/$volume"; done

: >resolv.conf
cat >kubelet.yaml <<YAML
apiVersion: kubelet.config.k8s.io/v1beta1
kind: KubeletConfiguration
failCgroupV1: false
cgroupDriver: cgroupfs
failSwapOn: false
oomScoreAdj: 0                               # lower is not permitted without CAP_SYS_RESOURCE
maxOpenFiles: $(ulimit -Hn)
containerRuntimeEndpoint: unix:///run/containerd/containerd.sock
enforceNodeAllocatable: []
makeIPTablesUtilChains: false
volumePluginDir: /var/lib/kubelet/plugins-exec
resolvConf: $RUN/resolv.conf
clusterDomain: cluster.local
clusterDNS: [$DNS]
authentication: {anonymous: {enabled: false}, webhook: {enabled: false}, x509: {clientCAFile: $RUN/pki/ca.crt}}
authorization: {mode: AlwaysAllow}
evictionHard: {memory.available: "0%", nodefs.available: "0%", nodefs.inodesFree: "0%", imagefs.available: "0%", imagefs.inodesFree: "0%"}
imageGCHighThresholdPercent: 100
imageGCLowThresholdPercent: 99
YAML
start kubelet "$BIN/kubelet" --config=kubelet.yaml --kubeconfig=kubeconfig --hostname-override=$NODENAME --node-ip=$NODE

cat >proxy.yaml <<YAML
apiVersion: kubeproxy.config.k8s.io/v1alpha1
kind: KubeProxyConfiguration
mode: nftables
hostnameOverride: $NODENAME
clientConnection: {kubeconfig: $RUN/kubeconfig}
oomScoreAdj: 0
clusterCIDR: $POD_NET
conntrack: {maxPerCore: 0, min: 0, tcpEstablishedTimeout: 0s, tcpCloseWaitTimeout: 0s}   # not writable in a namespace
YAML
start proxy "$BIN/kube-proxy" --config=proxy.yaml
while :; do sleep 3600 & wait $! || true; done   # bash as process 1 also reaps the shims' orphans
