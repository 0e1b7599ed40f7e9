"Packaging: everything is read from settings.ini, the one place where it is written down."
from configparser import ConfigParser
from pathlib import Path
from setuptools import find_packages, setup

here = Path(__file__).parent
ini = ConfigParser(delimiters='=')
ini.read(here/'settings.ini', encoding='utf-8')
cfg = ini['DEFAULT']

# A relative picture shows on GitHub, but not on PyPI
readme = (here/'README.md').read_text(encoding='utf-8').replace('](nbs/', f'](https://github.com/{cfg["user"]}/{cfg["repo"]}/raw/{cfg["branch"]}/nbs/')
status = {'1':'1 - Planning', '2':'2 - Pre-Alpha', '3':'3 - Alpha', '4':'4 - Beta', '5':'5 - Production/Stable'}[cfg['status']]

setup(
    name=cfg['lib_name'],
    version=cfg['version'],
    description=cfg['description'],
    long_description=readme,
    long_description_content_type='text/markdown',
    keywords=cfg['keywords'].split(),
    author=cfg['author'],
    author_email=cfg['author_email'],
    license='Apache-2.0',
    url=cfg['git_url'],
    project_urls={'Documentation': cfg['doc_host'] + cfg['doc_baseurl'], 'Changelog': cfg['git_url'] + '/blob/main/CHANGELOG.md'},
    packages=find_packages(include=[cfg['lib_path'], cfg['lib_path'] + '.*']),
    python_requires='>=' + cfg['min_python'],
    install_requires=cfg['requirements'].split(),
    # `lite_requirements` in settings.ini is the extra `lite`, and so on
    extras_require={k.removesuffix('_requirements'): v.split() for k,v in cfg.items() if k.endswith('_requirements')},
    entry_points={
        'console_scripts': cfg['console_scripts'].split(),
        # Other nbdev projects find our symbols here, and link to our documentation
        'nbdev': [f'{cfg["lib_name"]} = {cfg["lib_path"]}._modidx:d'],
    },
    classifiers=[
        f'Development Status :: {status}',
        f'Intended Audience :: {cfg["audience"]}',
        f'Natural Language :: {cfg["language"]}',
        'Topic :: Scientific/Engineering :: Artificial Intelligence',
        *[f'Programming Language :: Python :: 3.{v}' for v in range(10, 14)],
    ],
)
