#!/bin/sh
# List every Python of this user as `kind NUL tool NUL path NUL`. Runs as `/bin/sh -s` on remote hosts.
# The marks separate the list from the greeting of a login shell.
exec 2>/dev/null
report() { [ -x "$3" ] && [ ! -d "$3" ] && printf '%s\0%s\0%s\0' "$1" "$2" "$3"; }
printf 'runicorn-probe:\0'
for name in python3 python; do
  path=$(command -v "$name") && case $path in /*) report system system "$path";; esac
done
report system system /usr/bin/python3
report system system /usr/local/bin/python3
conda=$(command -v conda) && case $conda in /*) conda=$(dirname "$(dirname "$conda")");; *) conda=;; esac
known=$HOME/.conda/environments.txt
[ -f "$known" ] && while IFS= read -r folder || [ -n "$folder" ]; do
  report conda conda "$folder/bin/python"
done < "$known"
for root in "$CONDA_PREFIX" "${CONDA_EXE%/bin/conda}" "$conda" "$MAMBA_ROOT_PREFIX" \
  "$HOME"/anaconda3 "$HOME"/miniconda3 "$HOME"/miniforge3 "$HOME"/mambaforge "$HOME"/micromamba \
  "$HOME"/anaconda "$HOME"/miniconda "$HOME"/.conda "$HOME"/.local/share/mamba \
  /opt/anaconda3 /opt/miniconda3 /opt/miniforge3 /opt/mambaforge /opt/conda \
  /usr/local/anaconda3 /usr/local/miniconda3 /usr/local/miniforge3; do
  [ -n "$root" ] || continue
  [ -d "$root/conda-meta" ] && report conda conda "$root/bin/python"
  for folder in "$root"/envs/*; do
    [ -d "$folder/conda-meta" ] && report conda conda "$folder/bin/python"
  done
done
for folder in "$VIRTUAL_ENV" "$HOME"/.venv "$HOME"/venv "$HOME"/env "$HOME"/*/.venv "$HOME"/*/venv \
  "$HOME"/*/*/.venv "$HOME"/*/*/venv "${WORKON_HOME:-$HOME/.virtualenvs}"/* \
  "$HOME"/.cache/pypoetry/virtualenvs/*; do
  [ -f "$folder/pyvenv.cfg" ] && report virtualenv venv "$folder/bin/python"
done
pyenv=${PYENV_ROOT:-$HOME/.pyenv}
for folder in "$pyenv"/versions/* "$pyenv"/versions/*/envs/*; do
  report virtualenv pyenv "$folder/bin/python"
done
data=${XDG_DATA_HOME:-$HOME/.local/share}
for folder in "${UV_PYTHON_INSTALL_DIR:-$data/uv/python}"/*; do
  report virtualenv uv "$folder/bin/python3"
done
for folder in "${UV_TOOL_DIR:-$data/uv/tools}"/*; do
  report virtualenv uv "$folder/bin/python"
done
for folder in "${PIPX_HOME:-$data/pipx}"/venvs/*; do
  report virtualenv pipx "$folder/bin/python"
done
printf 'runicorn-probe:\0'
exit 0
