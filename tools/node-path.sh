# Sourced before npm: puts the Node that node-env.sh found first on the path.
. ./.stamps/node-path
